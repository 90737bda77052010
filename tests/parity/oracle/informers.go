package main

import (
	"fmt"
	"reflect"
	"time"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// lookedAt are the kinds the default plugins list or watch.
var lookedAt = []runtime.Object{
	&v1.Node{}, &v1.Pod{}, &v1.Namespace{}, &v1.Service{}, &v1.ReplicationController{}, &v1.PersistentVolume{},
	&v1.PersistentVolumeClaim{}, &apps.ReplicaSet{}, &apps.StatefulSet{}, &policy.PodDisruptionBudget{},
	&storage.StorageClass{}, &storage.CSINode{}, &storage.CSIDriver{}, &storage.CSIStorageCapacity{},
	&storage.VolumeAttachment{}, &scheduling.PriorityClass{},
}

// fixedInformer has its objects from the start and tells each handler of them before AddEventHandler returns: there is
// nothing to wait for, which for thousands of small clusters would be most of the time.
type fixedInformer struct {
	cache.SharedIndexInformer
}

func (f fixedInformer) AddEventHandler(
	handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	for _, object := range f.GetIndexer().List() {
		handler.OnAdd(object, true)
	}
	return f, nil
}

func (fixedInformer) HasSynced() bool {
	return true
}

// newFactory has an informer of every kind that is looked at, and fails on objects of any other.
func newFactory(cluster objects, client kubernetes.Interface) (informers.SharedInformerFactory, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	taken := 0
	for _, example := range lookedAt {
		informer := cache.NewSharedIndexInformer(&cache.ListWatch{}, example, 0,
			cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
		for _, object := range cluster[reflect.TypeOf(example)] {
			if err := informer.GetIndexer().Add(object); err != nil {
				return nil, err
			}
		}
		factory.InformerFor(example, func(kubernetes.Interface, time.Duration) cache.SharedIndexInformer {
			return fixedInformer{informer}
		})
		if len(cluster[reflect.TypeOf(example)]) > 0 {
			taken++
		}
	}
	if taken != len(cluster) {
		return nil, fmt.Errorf("the cluster has objects that no plugin looks at")
	}
	return factory, nil
}
