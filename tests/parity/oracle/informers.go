package main

import (
	"fmt"
	"reflect"
	"time"

	apps "k8s.io/api/apps/v1"
	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	resource "k8s.io/api/resource/v1"
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
	&resource.ResourceClaim{}, &resource.ResourceSlice{}, &resource.DeviceClass{},
}

// fixedInformer has its objects from the start and tells each handler of them before AddEventHandler returns: there is
// nothing to wait for, which for thousands of small clusters would be most of the time.
type fixedInformer struct {
	cache.SharedIndexInformer
	handlers []cache.ResourceEventHandler
}

func (f *fixedInformer) AddEventHandler(
	handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	for _, object := range f.GetIndexer().List() {
		handler.OnAdd(object, true)
	}
	f.handlers = append(f.handlers, handler)
	return f, nil
}

func (*fixedInformer) HasSynced() bool {
	return true
}

// change makes a change seen as an informer does: it is in the store by the time the handlers are told. Of what is
// added there is no old object, of what is deleted no new one.
func (f *fixedInformer) change(old, new runtime.Object) error {
	var err error
	if new == nil {
		err = f.GetIndexer().Delete(old)
	} else {
		err = f.GetIndexer().Update(new)
	}
	for _, handler := range f.handlers {
		switch {
		case new == nil:
			handler.OnDelete(old)
		case old == nil:
			handler.OnAdd(new, false)
		default:
			handler.OnUpdate(old, new)
		}
	}
	return err
}

// fixedFactory has an informer of every kind that is looked at.
type fixedFactory struct {
	informers.SharedInformerFactory
	byType map[reflect.Type]*fixedInformer
}

// newFactory fails on objects that are not looked at.
func newFactory(cluster objects, client kubernetes.Interface) (*fixedFactory, error) {
	factory := &fixedFactory{informers.NewSharedInformerFactory(client, 0), map[reflect.Type]*fixedInformer{}}
	for _, example := range lookedAt {
		kind := reflect.TypeOf(example)
		informer := &fixedInformer{SharedIndexInformer: cache.NewSharedIndexInformer(&cache.ListWatch{}, example, 0,
			cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})}
		for _, object := range cluster[kind] {
			if err := informer.GetIndexer().Add(object); err != nil {
				return nil, err
			}
		}
		factory.byType[kind] = informer
		factory.InformerFor(example, func(kubernetes.Interface, time.Duration) cache.SharedIndexInformer {
			return informer
		})
	}
	for kind, found := range cluster {
		if factory.byType[kind] == nil && len(found) > 0 {
			return nil, fmt.Errorf("no plugin looks at %s", kind)
		}
	}
	return factory, nil
}
