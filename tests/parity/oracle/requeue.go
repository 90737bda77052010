package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/klog/v2"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// requeueCase is a Pod that a plugin has rejected, and a change in the cluster.
type requeueCase struct {
	Plugin   string          `json:"plugin"`
	Pod      json.RawMessage `json:"pod"`
	Resource string          `json:"resource"`
	Action   string          `json:"action"`
	Old      json.RawMessage `json:"old"`
	New      json.RawMessage `json:"new"`
}

type requeueReport struct {
	Case int `json:"case"`
	// Queue, Skip, or NotRegistered if the plugin does not want to know of such changes.
	Hint string `json:"hint"`
	// Events are what the scheduler makes of the change.
	Events []string `json:"events"`
}

func requeueOne(place string) ([]any, error) {
	cluster, err := readObjects(filepath.Join(place, "cluster.json"))
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(place, "cases.json"))
	if err != nil {
		return nil, err
	}
	var cases []requeueCase
	if err := json.Unmarshal(text, &cases); err != nil {
		return nil, err
	}
	var lines []any
	for i, asked := range cases {
		report, err := requeue(cluster, asked)
		if err != nil {
			return nil, fmt.Errorf("case %d: %w", i, err)
		}
		report.Case = i
		lines = append(lines, report)
	}
	return lines, nil
}

// requeue has a scheduler of its own for each case, with the queue and the event handlers it really has.
func requeue(cluster objects, asked requeueCase) (*requeueReport, error) {
	pod, before, after, err := asked.decode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	api := newFakeAPI()
	factory, err := newFactory(cluster.with(pod), api)
	if err != nil {
		return nil, err
	}
	sched, err := scheduler.New(ctx, api, factory, nil, noRecorder)
	if err != nil {
		return nil, err
	}
	if err := reject(ctx, sched, pod, asked.Plugin); err != nil {
		return nil, err
	}
	changed := after
	if changed == nil {
		changed = before
	}
	if err := factory.byType[reflect.TypeOf(changed)].change(before, after); err != nil {
		return nil, err
	}
	report := &requeueReport{Hint: "Queue", Events: []string{}}
	seen := eventsOf(before, after)
	for _, event := range seen {
		report.Events = append(report.Events, event.Label())
	}
	if waits(sched, pod) {
		report.Hint = "Skip"
		registered, err := isRegistered(ctx, sched.Profiles[v1.DefaultSchedulerName], asked.Plugin, seen)
		if err != nil {
			return nil, err
		}
		if !registered {
			report.Hint = "NotRegistered"
		}
	}
	return report, nil
}

func noRecorder(string) events.EventRecorder {
	return &events.FakeRecorder{}
}

func (c requeueCase) decode() (pod *v1.Pod, before, after runtime.Object, err error) {
	object, err := decode(c.Pod)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("pod: %w", err)
	}
	pod, isPod := object.(*v1.Pod)
	if before, err = decode(c.Old); err != nil {
		return nil, nil, nil, fmt.Errorf("old: %w", err)
	}
	if after, err = decode(c.New); err != nil {
		return nil, nil, nil, fmt.Errorf("new: %w", err)
	}
	want := map[string][2]bool{"Add": {false, true}, "Update": {true, true}, "Delete": {true, false}}[c.Action]
	if !isPod || want != [2]bool{before != nil, after != nil} {
		return nil, nil, nil, fmt.Errorf("a Pod and %s of %s need other objects than there are", c.Action, c.Resource)
	}
	return pod, before, after, nil
}

// reject puts the Pod where it is after a cycle in which the plugin has refused it.
func reject(ctx context.Context, sched *scheduler.Scheduler, pod *v1.Pod, plugin string) error {
	logger := klog.FromContext(ctx)
	for !waits(sched, pod) {
		info, err := sched.SchedulingQueue.Pop(logger)
		if err != nil {
			return err
		}
		if info.Pod.UID != pod.UID {
			continue
		}
		info.UnschedulablePlugins.Insert(plugin)
		cycle := sched.SchedulingQueue.SchedulingCycle()
		if err := sched.SchedulingQueue.AddUnschedulableIfNotPresent(logger, info, cycle); err != nil {
			return err
		}
		if !waits(sched, pod) {
			return fmt.Errorf("%s does not wait", name(pod))
		}
	}
	return nil
}

func waits(sched *scheduler.Scheduler, pod *v1.Pod) bool {
	queue := sched.SchedulingQueue.(interface{ UnschedulablePods() []*v1.Pod })
	for _, waiting := range queue.UnschedulablePods() {
		if waiting.UID == pod.UID {
			return true
		}
	}
	return false
}

// isRegistered says whether a plugin wants to know of one of the events; it takes no part in what happens to the Pod.
func isRegistered(
	ctx context.Context, profile framework.Framework, plugin string, seen []fwk.ClusterEvent) (bool, error) {
	for _, extension := range profile.EnqueueExtensions() {
		if extension.Name() != plugin {
			continue
		}
		registered, err := extension.EventsToRegister(ctx)
		if err != nil {
			return false, err
		}
		for _, wanted := range registered {
			for _, event := range seen {
				if framework.MatchClusterEvents(wanted.Event, event) {
					return true, nil
				}
			}
		}
	}
	return false, nil
}
