package main

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/sets"
	fwk "k8s.io/kube-scheduler/framework"
)

// score asks every plugin that scores, and does not skip this Pod, about the feasible nodes.
func (c *cycle) score(feasible []fwk.NodeInfo) error {
	skipped, err := c.preScore(feasible)
	if err != nil {
		return err
	}
	for _, plugin := range c.plugins {
		asked, ok := plugin.Plugin.(fwk.ScorePlugin)
		if !ok || skipped.Has(plugin.Name()) {
			continue
		}
		if err := c.scoreBy(plugin, asked, feasible); err != nil {
			return err
		}
	}
	return nil
}

func (c *cycle) preScore(feasible []fwk.NodeInfo) (sets.Set[string], error) {
	skipped := sets.New[string]()
	for _, plugin := range c.plugins {
		asked, ok := plugin.Plugin.(fwk.PreScorePlugin)
		if !ok {
			continue
		}
		status := asked.PreScore(c.ctx, c.state, c.pod, feasible)
		if status.IsSkip() {
			skipped.Insert(plugin.Name())
		} else if !status.IsSuccess() {
			return nil, fmt.Errorf("running PreScore plugin %q: %w", plugin.Name(), status.AsError())
		}
	}
	return skipped, nil
}

func (c *cycle) scoreBy(plugin weighted, asked fwk.ScorePlugin, feasible []fwk.NodeInfo) error {
	raw := make(fwk.NodeScoreList, len(feasible))
	for i, node := range feasible {
		value, status := asked.Score(c.ctx, c.state, c.pod, node)
		if !status.IsSuccess() {
			return fmt.Errorf("running Score plugin %q: %w", plugin.Name(), status.AsError())
		}
		raw[i] = fwk.NodeScore{Name: node.Node().Name, Score: value}
	}
	normalized := append(fwk.NodeScoreList{}, raw...)
	if extensions := asked.ScoreExtensions(); extensions != nil {
		if status := extensions.NormalizeScore(c.ctx, c.state, c.pod, normalized); !status.IsSuccess() {
			return fmt.Errorf("running NormalizeScore of plugin %q: %w", plugin.Name(), status.AsError())
		}
	}
	for i := range feasible {
		out := c.reportOf(raw[i].Name)
		entry := score{plugin.Name(), raw[i].Score, normalized[i].Score, normalized[i].Score * plugin.weight}
		out.Scores = append(out.Scores, entry)
		out.Total += entry.Weighted
	}
	return nil
}

func (c *cycle) reportOf(node string) *nodeReport {
	for i := range c.out.Nodes {
		if c.out.Nodes[i].Name == node {
			return &c.out.Nodes[i]
		}
	}
	panic("a node that the cluster does not have: " + node)
}
