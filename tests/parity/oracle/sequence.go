package main

import (
	"fmt"
	"hash/fnv"
	"path/filepath"
	"slices"

	v1 "k8s.io/api/core/v1"
)

// placed is where one Pod of a sequence went.
type placed struct {
	Pod string `json:"pod"`
	// Node is null: nowhere. Which one of Best is ours to say: kube-scheduler's choice is chance.
	Node *string  `json:"node"`
	Best []string `json:"best"`
	// Evicted are those that had to leave first, the most important first.
	Evicted []string `json:"evicted"`
	Message string   `json:"message"`
	// Unique: no chance but the one among Best. What follows a place that is not may be otherwise.
	Unique bool `json:"unique"`
}

// sequenceOne places Pods one after the other: what one is given, the next finds taken. Victims leave at once.
func sequenceOne(place string) ([]any, error) {
	cluster, err := readObjects(filepath.Join(place, "cluster.json"))
	if err != nil {
		return nil, err
	}
	pods, err := readObjects(filepath.Join(place, "sequence.json"))
	if err != nil {
		return nil, err
	}
	var lines []any
	for _, pod := range pods.pods() {
		var line placed
		if line, cluster, err = placeOne(cluster, pod); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// placeOne returns the cluster afterwards, too.
func placeOne(cluster objects, pod *v1.Pod) (placed, objects, error) {
	line := placed{Pod: name(pod), Best: []string{}, Evicted: []string{}, Unique: true}
	said, err := judgeIn(cluster, pod)
	if err != nil {
		return line, nil, err
	}
	if preemption := said.Preemption; preemption != nil && preemption.Chosen != nil {
		node := first(pod, preemption.EquallyGood)
		for _, candidate := range preemption.Candidates {
			line.Unique = line.Unique && candidate.Unique
			if candidate.Node == node {
				line.Evicted = candidate.Victims
			}
		}
		cluster = cluster.without(line.Evicted)
		if said, err = judgeIn(cluster, pod); err != nil {
			return line, nil, err
		}
	}
	line.Message = said.Message
	if len(said.Best) == 0 || said.Message != "" {
		return line, cluster, nil
	}
	line.Best = said.Best
	node := first(pod, said.Best)
	line.Node = &node
	bound := pod.DeepCopy()
	bound.Spec.NodeName = node
	return line, cluster.with(bound), nil
}

func judgeIn(cluster objects, pod *v1.Pod) (report, error) {
	judge, err := newJudge(cluster)
	if err != nil {
		return report{}, err
	}
	defer judge.close()
	said := judge.pod(pod)
	if said.Pod != name(pod) {
		return said, fmt.Errorf("%s was judged instead of %s", said.Pod, name(pod))
	}
	return said, nil
}

// first is the node that ours takes of equally good ones.
func first(pod *v1.Pod, nodes []string) string {
	hash := hashOf(string(pod.UID))
	return slices.MaxFunc(nodes, func(a, b string) int {
		rankA, rankB := tieRank(hash, hashOf(a)), tieRank(hash, hashOf(b))
		switch {
		case rankA < rankB:
			return -1
		case rankA > rankB:
			return 1
		}
		return 0
	})
}

func hashOf(text string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(text))
	return hash.Sum64()
}

// tieRank is splitmix64's finisher over both.
func tieRank(pod, node uint64) uint64 {
	x := pod ^ node*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
