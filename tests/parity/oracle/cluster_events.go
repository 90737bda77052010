package main

import (
	"reflect"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// eventsOf are the events that the scheduler's handlers make of a change, for the reader of a report.
func eventsOf(before, after runtime.Object) []fwk.ClusterEvent {
	switch object := either(before, after).(type) {
	case *v1.Node:
		if before != nil && after != nil {
			return framework.NodeSchedulingPropertiesChange(after.(*v1.Node), before.(*v1.Node))
		}
	case *v1.Pod:
		switch {
		case after == nil && object.Spec.NodeName == "" && object.Status.NominatedNodeName == "":
			return []fwk.ClusterEvent{framework.EventUnscheduledPodDelete}
		case after == nil:
			return []fwk.ClusterEvent{framework.EventAssignedPodDelete}
		case before == nil && object.Spec.NodeName == "":
			return []fwk.ClusterEvent{framework.EventUnscheduledPodAdd}
		case before == nil || before.(*v1.Pod).Spec.NodeName == "" && object.Spec.NodeName != "":
			return []fwk.ClusterEvent{framework.EventAssignedPodAdd}
		}
		return podUpdate(before.(*v1.Pod), object)
	}
	action := fwk.Update
	if before == nil {
		action = fwk.Add
	} else if after == nil {
		action = fwk.Delete
	}
	kind := reflect.TypeOf(either(before, after)).Elem().Name()
	return []fwk.ClusterEvent{{Resource: resourceOf(kind), ActionType: action}}
}

// podUpdate: that a Pod loses its nomination is as if it had left the node.
func podUpdate(before, after *v1.Pod) []fwk.ClusterEvent {
	found := framework.PodSchedulingPropertiesChange(after, before)
	nominated := before.Status.NominatedNodeName
	if after.Spec.NodeName == "" && nominated != "" && nominated != after.Status.NominatedNodeName {
		found = append(found, framework.EventAssignedPodDelete)
	}
	return found
}

func resourceOf(kind string) fwk.EventResource {
	switch kind {
	case "StorageClass", "CSINode", "CSIDriver", "CSIStorageCapacity", "VolumeAttachment":
		return fwk.EventResource("storage.k8s.io/" + kind)
	}
	return fwk.EventResource(kind)
}

func either(before, after runtime.Object) runtime.Object {
	if after != nil {
		return after
	}
	return before
}
