package main

import (
	"context"
	"slices"

	v1 "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	v1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
	fwk "k8s.io/kube-scheduler/framework"
)

func (w *watcher) GetOffsetAndNumCandidates(nodes int32) (int32, int32) {
	offset, candidates := w.Interface.GetOffsetAndNumCandidates(nodes)
	if candidates < nodes {
		w.fail("of %d nodes, only %d candidates are looked for: which is chance", nodes, candidates)
	}
	return offset, candidates
}

func (w *watcher) PodEligibleToPreemptOthers(ctx context.Context, pod *v1.Pod, nominated *fwk.Status) (bool, string) {
	eligible, why := w.Interface.PodEligibleToPreemptOthers(ctx, pod, nominated)
	w.eligible = eligible
	return eligible, why
}

func (w *watcher) SelectVictimsOnNode(ctx context.Context, state fwk.CycleState, pod *v1.Pod, node fwk.NodeInfo,
	budgets []*policy.PodDisruptionBudget) ([]*v1.Pod, int, *fwk.Status) {
	again, err := reversed(ctx, node)
	if err != nil {
		w.fail("%s: %w", node.Node().Name, err)
	}
	otherwise, there := state.Clone(), slices.Clone(node.GetPods())
	pods, violations, status := w.Interface.SelectVictimsOnNode(ctx, state, pod, node, budgets)
	if status.IsSuccess() && len(pods) > 0 {
		others, more, _ := w.Interface.SelectVictimsOnNode(ctx, otherwise, pod, again, budgets)
		found := &candidate{node: node.Node().Name,
			victims: extenderv1.Victims{Pods: pods, NumPDBViolations: int64(violations)},
			unique: violations == more && slices.Equal(podNames(pods), podNames(others)) &&
				!slices.ContainsFunc(pods, func(victim *v1.Pod) bool { return hasPeer(victim, there) })}
		w.mu.Lock()
		w.found = append(w.found, found)
		w.mu.Unlock()
	}
	return pods, violations, status
}

// hasPeer says whether another of the Pods is exactly as important: the scheduler sorts them, but not stably.
func hasPeer(victim *v1.Pod, there []fwk.PodInfo) bool {
	return slices.ContainsFunc(there, func(other fwk.PodInfo) bool {
		pod := other.GetPod()
		return pod.UID != victim.UID && v1helpers.PodPriority(pod) == v1helpers.PodPriority(victim) &&
			pod.Status.StartTime.Equal(victim.Status.StartTime)
	})
}

// reversed is the node with its Pods in the opposite order.
func reversed(ctx context.Context, node fwk.NodeInfo) (fwk.NodeInfo, error) {
	again := node.Snapshot()
	pods := slices.Clone(again.GetPods())
	for _, pod := range pods {
		if err := again.RemovePod(klog.FromContext(ctx), pod.GetPod()); err != nil {
			return nil, err
		}
	}
	slices.Reverse(pods)
	for _, pod := range pods {
		again.AddPodInfo(pod)
	}
	return again, nil
}
