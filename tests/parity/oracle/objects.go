package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"

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
	found := objects{}
	for i, item := range list.Items {
		object, err := decode(item)
		if err != nil {
			return nil, fmt.Errorf("%s: item %d: %w", path, i, err)
		}
		kind := reflect.TypeOf(object)
		found[kind] = append(found[kind], object)
	}
	return found, nil
}

// Strict: a field that upstream does not know would be compared as if it were not there.
var decoder = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// decode returns nil for null, and for nothing at all.
func decode(text json.RawMessage) (runtime.Object, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	object, _, err := decoder.Decode(text, nil, nil)
	return object, err
}

// with returns the objects and one more.
func (o objects) with(object runtime.Object) objects {
	more := maps.Clone(o)
	kind := reflect.TypeOf(object)
	more[kind] = append(slices.Clone(o[kind]), object)
	return more
}

// without returns the objects less some Pods.
func (o objects) without(pods []string) objects {
	fewer := maps.Clone(o)
	kind := reflect.TypeFor[*v1.Pod]()
	fewer[kind] = slices.DeleteFunc(slices.Clone(o[kind]), func(object runtime.Object) bool {
		return slices.Contains(pods, name(object.(*v1.Pod)))
	})
	return fewer
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
