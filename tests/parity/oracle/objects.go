package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// objects are the API objects of a List, by their Go type.
type objects map[reflect.Type][]runtime.Object

func readObjects(path string) (objects, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// Strict: a field that upstream does not know would be compared as if it were not there.
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	found := objects{}
	for i, item := range list.Items {
		object, _, err := decoder.Decode(item, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: item %d: %w", path, i, err)
		}
		kind := reflect.TypeOf(object)
		found[kind] = append(found[kind], object)
	}
	return found, nil
}

func (o objects) pods() []*v1.Pod {
	return each[*v1.Pod](o)
}

func (o objects) nodes() []*v1.Node {
	return each[*v1.Node](o)
}

func each[T runtime.Object](o objects) []T {
	var found []T
	for _, object := range o[reflect.TypeFor[T]()] {
		found = append(found, object.(T))
	}
	return found
}
