package main

import (
	"slices"

	fwk "k8s.io/kube-scheduler/framework"
)

// report is what one Pod's line says. Where Pods are nominated to a node that this one has to yield to, a plugin
// refuses the node if it does so with or without them there.
type report struct {
	Pod       string       `json:"pod"`
	PreFilter []verdict    `json:"preFilter"`
	Nodes     []nodeReport `json:"nodes"`
	Message   string       `json:"message,omitempty"`
	// Best are the nodes the scheduler takes one of.
	Best []string `json:"best"`
	// Preemption is tried where no node is left.
	Preemption *preemptionReport `json:"preemption,omitempty"`
}

type nodeReport struct {
	Name    string    `json:"name"`
	Filters []verdict `json:"filters"`
	Scores  []score   `json:"scores"`
	Total   int64     `json:"total"`
}

type verdict struct {
	Plugin  string   `json:"plugin"`
	Verdict string   `json:"verdict"`
	Reasons []string `json:"reasons"`
}

type score struct {
	Plugin     string `json:"plugin"`
	Raw        int64  `json:"raw"`
	Normalized int64  `json:"normalized"`
	Weighted   int64  `json:"weighted"`
}

// newVerdict takes no status at all for success.
func newVerdict(plugin string, status *fwk.Status) verdict {
	return verdict{Plugin: plugin, Verdict: status.Code().String(), Reasons: reasons(status)}
}

// reasons are sorted: some plugins collect theirs from maps.
func reasons(status *fwk.Status) []string {
	if status == nil {
		return []string{}
	}
	sorted := append([]string{}, status.Reasons()...)
	slices.Sort(sorted)
	return sorted
}
