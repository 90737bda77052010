package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/apis/config"
	"k8s.io/kubernetes/pkg/scheduler/apis/config/latest"
	internalcache "k8s.io/kubernetes/pkg/scheduler/backend/cache"
	"k8s.io/kubernetes/pkg/scheduler/backend/queue"
	"k8s.io/kubernetes/pkg/scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/defaultpreemption"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	frameworkruntime "k8s.io/kubernetes/pkg/scheduler/framework/runtime"
)

// weighted is a plugin of the default profile.
type weighted struct {
	fwk.Plugin
	weight int64
}

// judge is a cluster at one moment and the default profile's plugins, in their order, looking at it.
type judge struct {
	ctx     context.Context
	close   context.CancelFunc
	plugins []weighted
	// nodes are sorted by name.
	nodes      []fwk.NodeInfo
	framework  framework.Framework
	preemption *defaultpreemption.DefaultPreemption
	informers  informers.SharedInformerFactory
	api        *fakeAPI
}

func newJudge(cluster objects) (*judge, error) {
	ctx, cancel := context.WithCancel(context.Background())
	j := &judge{ctx: ctx, close: cancel}
	if err := j.fill(cluster); err != nil {
		cancel()
		return nil, err
	}
	return j, nil
}

func (j *judge) fill(cluster objects) error {
	profile, err := defaultProfile()
	if err != nil {
		return err
	}
	snapshot, err := j.snapshot(cluster)
	if err != nil {
		return err
	}
	j.api = newFakeAPI()
	j.informers, err = newFactory(cluster, j.api)
	if err != nil {
		return err
	}
	made := map[string]fwk.Plugin{}
	j.framework, err = frameworkruntime.NewFramework(j.ctx, keeping(made), profile,
		frameworkruntime.WithClientSet(j.api),
		frameworkruntime.WithEventRecorder(&events.FakeRecorder{}),
		frameworkruntime.WithWaitingPods(frameworkruntime.NewWaitingPodsMap()),
		frameworkruntime.WithInformerFactory(j.informers),
		frameworkruntime.WithSnapshotSharedLister(snapshot),
		frameworkruntime.WithSharedCSIManager(
			nodevolumelimits.NewCSIManager(j.informers.Storage().V1().CSINodes().Lister())))
	if err != nil {
		return err
	}
	j.preemption = made[names.DefaultPreemption].(*defaultpreemption.DefaultPreemption)
	j.framework.SetPodNominator(j.queue(cluster))
	for _, enabled := range profile.Plugins.MultiPoint.Enabled {
		j.plugins = append(j.plugins, weighted{made[enabled.Name], max(1, int64(enabled.Weight))})
	}
	j.nodes, err = snapshot.NodeInfos().List()
	slices.SortFunc(j.nodes, func(a, b fwk.NodeInfo) int { return strings.Compare(a.Node().Name, b.Node().Name) })
	return err
}

// snapshot takes the way through the scheduler's own cache, which decides what a NodeInfo is made of.
func (j *judge) snapshot(cluster objects) (*internalcache.Snapshot, error) {
	logger := klog.FromContext(j.ctx)
	known := internalcache.New(j.ctx, 0, nil)
	for _, node := range cluster.nodes() {
		known.AddNode(logger, node)
	}
	for _, pod := range cluster.pods() {
		if pod.Spec.NodeName == "" || ended(pod) {
			continue
		}
		if err := known.AddPod(logger, pod); err != nil {
			return nil, fmt.Errorf("Pod %s: %w", name(pod), err)
		}
	}
	snapshot := internalcache.NewEmptySnapshot()
	return snapshot, known.UpdateSnapshot(logger, snapshot)
}

// queue has the Pods that wait for this scheduler; it knows which of them are nominated.
func (j *judge) queue(cluster objects) queue.SchedulingQueue {
	gates := map[string]fwk.PreEnqueuePlugin{}
	for _, plugin := range j.framework.PreEnqueuePlugins() {
		gates[plugin.Name()] = plugin
	}
	waiting := queue.NewSchedulingQueue(j.framework.QueueSortFunc(), j.informers,
		queue.WithPreEnqueuePluginMap(map[string]map[string]fwk.PreEnqueuePlugin{j.framework.ProfileName(): gates}))
	for _, pod := range cluster.pods() {
		if pod.Spec.NodeName == "" && !ended(pod) && pod.Spec.SchedulerName == j.framework.ProfileName() {
			waiting.Add(klog.FromContext(j.ctx), pod)
		}
	}
	return waiting
}

// ended Pods are left out by the scheduler's informer.
func ended(pod *v1.Pod) bool {
	return pod.Status.Phase == v1.PodSucceeded || pod.Status.Phase == v1.PodFailed
}

func defaultProfile() (*config.KubeSchedulerProfile, error) {
	defaults, err := latest.Default()
	if err != nil {
		return nil, err
	}
	profile := &defaults.Profiles[0]
	enabled := &profile.Plugins.MultiPoint.Enabled
	*enabled = slices.DeleteFunc(*enabled, func(p config.Plugin) bool { return p.Name == names.DynamicResources })
	return profile, nil
}

// keeping is the registry of all plugins; those it makes are put into the map.
func keeping(made map[string]fwk.Plugin) frameworkruntime.Registry {
	registry := plugins.NewInTreeRegistry()
	for name, factory := range registry {
		registry[name] = func(ctx context.Context, arguments runtime.Object, handle fwk.Handle) (fwk.Plugin, error) {
			plugin, err := factory(ctx, arguments, handle)
			made[name] = plugin
			return plugin, err
		}
	}
	return registry
}
