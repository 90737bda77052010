package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/testing"
)

// fakeAPI is an API server that takes everything and does nothing. What plugins wanted of it stays to be read.
type fakeAPI struct {
	fake.Clientset
	mu       sync.Mutex
	deleted  []string
	disrupts []string
	cleared  []string
	unknown  []string
}

func newFakeAPI() *fakeAPI {
	api := &fakeAPI{}
	api.AddReactor("*", "*", func(action testing.Action) (bool, runtime.Object, error) {
		api.mu.Lock()
		defer api.mu.Unlock()
		api.note(action)
		return true, nil, nil
	})
	return api
}

func (a *fakeAPI) note(action testing.Action) {
	switch asked := action.(type) {
	case testing.DeleteActionImpl:
		a.deleted = append(a.deleted, asked.Namespace+"/"+asked.Name)
	case testing.PatchActionImpl:
		a.notePatch(asked.Namespace+"/"+asked.Name, asked.Patch)
	default:
		a.unknown = append(a.unknown, fmt.Sprintf("%s %s", action.GetVerb(), action.GetResource().Resource))
	}
}

func (a *fakeAPI) notePatch(pod string, patch []byte) {
	var wanted struct {
		Status struct {
			Conditions []struct {
				Type string `json:"type"`
			} `json:"conditions"`
			NominatedNodeName *string `json:"nominatedNodeName"`
		} `json:"status"`
	}
	switch err := json.Unmarshal(patch, &wanted); {
	case err == nil && len(wanted.Status.Conditions) == 1 && wanted.Status.Conditions[0].Type == "DisruptionTarget":
		a.disrupts = append(a.disrupts, pod)
	case err == nil && strings.Contains(string(patch), `"nominatedNodeName":null`):
		a.cleared = append(a.cleared, pod)
	default:
		a.unknown = append(a.unknown, fmt.Sprintf("patch %s: %s", pod, patch))
	}
}

// writes are what was asked since the last time, each kind sorted: victims are evicted at the same time.
func (a *fakeAPI) writes() (evicted, cleared []string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	evicted, cleared = append([]string{}, a.deleted...), append([]string{}, a.cleared...)
	disrupts := a.disrupts
	for _, names := range [][]string{evicted, cleared, disrupts} {
		slices.Sort(names)
	}
	for _, pod := range disrupts {
		if !slices.Contains(evicted, pod) {
			err = fmt.Errorf("%s is marked as disrupted, but not deleted", pod)
		}
	}
	if len(a.unknown) > 0 {
		err = fmt.Errorf("the API was asked for %s", strings.Join(a.unknown, "; "))
	}
	a.deleted, a.disrupts, a.cleared, a.unknown = nil, nil, nil, nil
	a.ClearActions()
	return evicted, cleared, err
}
