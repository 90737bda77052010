package main

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
	"k8s.io/kubernetes/pkg/scheduler/framework/preemption"
)

// preemptionReport is what DefaultPreemption does for a Pod that fits nowhere.
type preemptionReport struct {
	Verdict  string `json:"verdict"`
	Eligible bool   `json:"eligible"`
	Message  string `json:"message"`
	// Candidates are all of them, by node: with fewer than 100 nodes, every one that can be a candidate is looked at.
	Candidates []candidateReport `json:"candidates"`
	// Chosen is the node; upstream picks any of EquallyGood, by a map's order.
	Chosen      *string  `json:"chosen"`
	EquallyGood []string `json:"equallyGood"`
	// NominatedNode is what becomes of the Pod's nomination: null leaves it as it is, "" clears it.
	NominatedNode *string `json:"nominatedNode"`
	// Evicted are those victims that were not on their way already.
	Evicted []string `json:"evicted"`
	// Cleared are Pods of lower priority that lose their nomination to the node.
	Cleared []string `json:"cleared"`
}

type candidateReport struct {
	Node          string   `json:"node"`
	Victims       []string `json:"victims"`
	PDBViolations int      `json:"pdbViolations"`
	// Unique: that Pods of equal importance come in another order would change nothing.
	Unique bool `json:"unique"`
}

// preempt runs the PostFilter plugins for a Pod that no node is left for.
func (c *cycle) preempt() (*preemptionReport, error) {
	watched := &watcher{Interface: c.preemption.Evaluator.Interface}
	c.preemption.Evaluator.Interface = watched
	defer func() { c.preemption.Evaluator.Interface = watched.Interface }()
	pods := c.informers.Core().V1().Pods().Informer().GetIndexer()
	if err := pods.Add(c.pod); err != nil {
		return nil, err
	}
	defer pods.Delete(c.pod)

	result, status := c.framework.RunPostFilterPlugins(c.ctx, c.state, c.pod, c.diagnosis.NodeToStatus)
	for c.preemption.Evaluator.IsPodRunningPreemption(c.pod.UID) {
		time.Sleep(20 * time.Microsecond)
	}
	out := &preemptionReport{Verdict: status.Code().String(), Eligible: watched.eligible, Message: status.Message(),
		Candidates: watched.reports(), EquallyGood: []string{}}
	if result != nil && result.Mode() == fwk.ModeOverride {
		out.NominatedNode = &result.NominatedNodeName
	}
	if status.IsSuccess() {
		out.Chosen = &result.NominatedNodeName
		out.EquallyGood = c.equallyGood(watched.found, result.NominatedNodeName)
	}
	var err error
	out.Evicted, out.Cleared, err = c.api.writes()
	if err != nil {
		return nil, err
	}
	return out, watched.err
}

// equallyGood are the nodes the scheduler may have chosen as well. A candidate is one of them if it wins against the
// chosen one as soon as its most important victims are a nanosecond younger, which is what is looked at last.
func (c *cycle) equallyGood(found []*candidate, chosen string) []string {
	best := found[slices.IndexFunc(found, func(x *candidate) bool { return x.node == chosen })]
	nodes := []string{chosen}
	for _, other := range found {
		if other == best {
			continue
		}
		pair := []preemption.Candidate{best, other.younger()}
		if c.preemption.Evaluator.SelectCandidate(c.ctx, pair).Name() == other.node {
			nodes = append(nodes, other.node)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// candidate is a node with its victims, as the scheduler found it.
type candidate struct {
	node    string
	victims extenderv1.Victims
	unique  bool
}

func (c *candidate) Name() string                 { return c.node }
func (c *candidate) Victims() *extenderv1.Victims { return &c.victims }

func (c *candidate) younger() *candidate {
	other := &candidate{node: c.node, victims: extenderv1.Victims{NumPDBViolations: c.victims.NumPDBViolations}}
	for _, pod := range c.victims.Pods {
		copied := pod.DeepCopy()
		if copied.Status.StartTime == nil {
			// The scheduler takes the time of asking for these: as young as can be.
			copied.Status.StartTime = &metav1.Time{Time: time.Now().Add(time.Hour)}
		} else {
			copied.Status.StartTime.Time = copied.Status.StartTime.Add(time.Nanosecond)
		}
		other.victims.Pods = append(other.victims.Pods, copied)
	}
	return other
}

// watcher looks on as DefaultPreemption works.
type watcher struct {
	preemption.Interface
	eligible bool
	mu       sync.Mutex
	found    []*candidate
	err      error
}

func (w *watcher) reports() []candidateReport {
	slices.SortFunc(w.found, func(a, b *candidate) int { return cmp.Compare(a.node, b.node) })
	reports := []candidateReport{}
	for _, found := range w.found {
		reports = append(reports, candidateReport{Node: found.node, Victims: podNames(found.victims.Pods),
			PDBViolations: int(found.victims.NumPDBViolations), Unique: found.unique})
	}
	return reports
}

func podNames(pods []*v1.Pod) []string {
	names := []string{}
	for _, pod := range pods {
		names = append(names, name(pod))
	}
	return names
}

func (w *watcher) fail(format string, arguments ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = fmt.Errorf(format, arguments...)
}
