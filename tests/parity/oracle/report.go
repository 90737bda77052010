package main

import (
	"slices"

	fwk "k8s.io/kube-scheduler/framework"
)

// report is what one Pod's line says.
type report struct {
	Pod       string       `json:"pod"`
	PreFilter []verdict    `json:"preFilter"`
	Nodes     []nodeReport `json:"nodes"`
	Message   string       `json:"message,omitempty"`
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

// newVerdict sorts the reasons: some plugins collect theirs from maps. No status at all is success.
func newVerdict(plugin string, status *fwk.Status) verdict {
	reasons := []string{}
	if status != nil {
		reasons = append(reasons, status.Reasons()...)
	}
	slices.Sort(reasons)
	return verdict{Plugin: plugin, Verdict: status.Code().String(), Reasons: reasons}
}
