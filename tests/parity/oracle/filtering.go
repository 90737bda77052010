package main

import (
	"fmt"
	"slices"

	v1helpers "k8s.io/component-helpers/scheduling/corev1"
	fwk "k8s.io/kube-scheduler/framework"
)

// filter returns the nodes that no plugin refuses, and the first error of a plugin the scheduler would have asked.
func (c *cycle) filter() ([]fwk.NodeInfo, error) {
	var feasible []fwk.NodeInfo
	var failure error
	for i, node := range c.nodes {
		verdicts, status, err := c.filterWithNominated(node)
		if err != nil {
			return nil, err
		}
		c.out.Nodes[i].Filters = verdicts
		name := node.Node().Name
		switch {
		case !c.isLeft(name):
		case status.IsSuccess():
			feasible = append(feasible, node)
		case status.Code() == fwk.Error:
			if failure == nil {
				failure = status.AsError()
			}
		default:
			c.diagnosis.NodeToStatus.Set(name, status)
		}
	}
	return feasible, failure
}

// isLeft also where the Pod is nominated to: that node is looked at whatever PreFilter plugins have left.
func (c *cycle) isLeft(node string) bool {
	return c.only.AllNodes() || c.only.NodeNames.Has(node) || c.pod.Status.NominatedNodeName == node
}

// filterWithNominated asks in two rounds, as RunFilterPluginsWithNominatedPods does, but every plugin: a plugin's
// verdict is its refusal in either. The status is the scheduler's own.
func (c *cycle) filterWithNominated(node fwk.NodeInfo) ([]verdict, *fwk.Status, error) {
	with, state, added, err := c.addNominated(node)
	if err != nil {
		return nil, nil, err
	}
	verdicts, status := c.filterOnce(state, with)
	if added {
		without, last := c.filterOnce(c.state, node)
		for i := range verdicts {
			if verdicts[i].Verdict == fwk.Success.String() {
				verdicts[i] = without[i]
			}
		}
		if status.IsSuccess() {
			status = last
		}
	}
	upstream := c.framework.RunFilterPluginsWithNominatedPods(c.ctx, c.state, c.pod, node)
	if !sameStatus(status, upstream) {
		return nil, nil, fmt.Errorf("node %s: %v, but RunFilterPluginsWithNominatedPods says %v", node.Node().Name,
			status, upstream)
	}
	return verdicts, upstream, nil
}

func sameStatus(one, other *fwk.Status) bool {
	switch {
	case one.Code() != other.Code():
		return false
	case one.IsSuccess():
		return true
	case one.Plugin() != other.Plugin():
		return false
	}
	// The framework adds to the words of an error.
	return one.Code() == fwk.Error || slices.Equal(reasons(one), reasons(other))
}

// addNominated returns the node as if the Pods nominated to it were there that this one has to yield to.
func (c *cycle) addNominated(node fwk.NodeInfo) (fwk.NodeInfo, fwk.CycleState, bool, error) {
	with, state, added := node.Snapshot(), c.state.Clone(), false
	for _, other := range c.framework.NominatedPodsForNode(node.Node().Name) {
		if v1helpers.PodPriority(other.GetPod()) < v1helpers.PodPriority(c.pod) || other.GetPod().UID == c.pod.UID {
			continue
		}
		with.AddPodInfo(other)
		status := c.framework.RunPreFilterExtensionAddPod(c.ctx, state, c.pod, other, with)
		if !status.IsSuccess() {
			return nil, nil, false, status.AsError()
		}
		added = true
	}
	if !added {
		return node, c.state, false, nil
	}
	return with, state, true, nil
}

// filterOnce returns what each plugin says, and the first refusal.
func (c *cycle) filterOnce(state fwk.CycleState, node fwk.NodeInfo) ([]verdict, *fwk.Status) {
	verdicts := []verdict{}
	var first *fwk.Status
	for _, plugin := range c.plugins {
		asked, ok := plugin.Plugin.(fwk.FilterPlugin)
		if !ok || c.skipped.Has(plugin.Name()) {
			continue
		}
		status := asked.Filter(c.ctx, state, c.pod, node)
		verdicts = append(verdicts, newVerdict(plugin.Name(), status))
		if first.IsSuccess() && !status.IsSuccess() {
			first = status
			first.SetPlugin(plugin.Name())
		}
	}
	return verdicts, first
}
