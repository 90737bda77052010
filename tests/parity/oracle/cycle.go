package main

import (
	"fmt"
	"math"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework"
)

// cycle is one Pod's way through the plugins. Unlike the scheduler, it asks every filter about every node, and scores
// even if only one node is left.
type cycle struct {
	*judge
	pod   *v1.Pod
	state fwk.CycleState
	out   report
	// What the scheduler would say where no node is left.
	diagnosis framework.Diagnosis
	// What PreFilter plugins left to be looked at, and which of them did.
	only      *fwk.PreFilterResult
	narrowing sets.Set[string]
	skipped   sets.Set[string]
}

func (j *judge) pod(pod *v1.Pod) report {
	c := &cycle{judge: j, pod: pod, state: framework.NewCycleState()}
	c.narrowing, c.skipped = sets.New[string](), sets.New[string]()
	c.diagnosis.NodeToStatus = framework.NewDefaultNodeToStatus()
	c.out = report{Pod: name(pod), PreFilter: []verdict{}, Best: []string{}}
	for _, node := range j.nodes {
		c.out.Nodes = append(c.out.Nodes, nodeReport{Name: node.Node().Name, Filters: []verdict{}, Scores: []score{}})
	}
	if err := c.run(); err != nil {
		c.out.Message = err.Error()
	}
	return c.out
}

func (c *cycle) run() error {
	refusal := c.preFilter()
	if !refusal.IsSuccess() {
		if !refusal.IsRejected() {
			return refusal.AsError()
		}
		c.diagnosis.NodeToStatus.SetAbsentNodesStatus(refusal)
		c.diagnosis.PreFilterMsg = refusal.Message()
		return c.unschedulable()
	}
	c.state.SetSkipFilterPlugins(c.skipped)
	if !c.only.AllNodes() {
		c.diagnosis.NodeToStatus.SetAbsentNodesStatus(fwk.NewStatus(fwk.UnschedulableAndUnresolvable,
			fmt.Sprintf("node(s) didn't satisfy plugin(s) %v", sets.List(c.narrowing))))
	}
	feasible, err := c.filter()
	if err != nil {
		return err
	}
	if len(feasible) == 0 {
		return c.unschedulable()
	}
	err = c.score(feasible)
	c.out.Best = c.best(feasible)
	if len(c.out.Best) == 1 && (len(feasible) == 1 || c.out.Best[0] == c.pod.Status.NominatedNodeName) {
		// The scheduler would have taken it unseen.
		return nil
	}
	return err
}

// best are the nodes of which the scheduler takes any: the one the Pod is nominated to if it can be had, else those of
// the highest score.
func (c *cycle) best(feasible []fwk.NodeInfo) []string {
	var nodes []string
	highest := int64(math.MinInt64)
	for _, node := range feasible {
		name := node.Node().Name
		if name == c.pod.Status.NominatedNodeName {
			return []string{name}
		}
		total := c.reportOf(name).Total
		if total > highest {
			nodes, highest = nil, total
		}
		if total == highest {
			nodes = append(nodes, name)
		}
	}
	return nodes
}

// unschedulable tries preemption, too.
func (c *cycle) unschedulable() error {
	if c.state.GetSkipFilterPlugins() == nil {
		c.state.SetSkipFilterPlugins(c.skipped)
	}
	preemption, err := c.preempt()
	if err != nil {
		return err
	}
	c.out.Preemption = preemption
	return &framework.FitError{Pod: c.pod, NumAllNodes: len(c.nodes), Diagnosis: c.diagnosis}
}

// preFilter returns what refuses the Pod as a whole; later plugins are asked as long as the scheduler would.
func (c *cycle) preFilter() *fwk.Status {
	var refusal *fwk.Status
	for _, plugin := range c.plugins {
		asked, ok := plugin.Plugin.(fwk.PreFilterPlugin)
		if !ok {
			continue
		}
		result, status := asked.PreFilter(c.ctx, c.state, c.pod, c.nodes)
		c.out.PreFilter = append(c.out.PreFilter, newVerdict(plugin.Name(), status))
		switch {
		case status.IsSkip():
			c.skipped.Insert(plugin.Name())
			continue
		case status.Code() == fwk.Unschedulable:
			refusal = status
			continue
		case status.Code() == fwk.UnschedulableAndUnresolvable:
			return status
		case !status.IsSuccess():
			return fwk.AsStatus(fmt.Errorf("running PreFilter plugin %q: %w", plugin.Name(), status.AsError()))
		}
		if !result.AllNodes() {
			c.narrowing.Insert(plugin.Name())
		}
		c.only = c.only.Merge(result)
		if !c.only.AllNodes() && len(c.only.NodeNames) == 0 {
			return fwk.NewStatus(fwk.UnschedulableAndUnresolvable, c.nothingLeft())
		}
	}
	return refusal
}

func (c *cycle) nothingLeft() string {
	who := sets.List(c.narrowing)
	if len(who) == 1 {
		return fmt.Sprintf("node(s) didn't satisfy plugin %v", who[0])
	}
	return fmt.Sprintf("node(s) didn't satisfy plugin(s) %v simultaneously", who)
}
