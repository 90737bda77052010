// Command oracle judges Pods with the plugins of kube-scheduler, so that ours can be held against them.
//
//	oracle DIR    for every DIR/*/cluster.json and pods.json (Lists), writes oracle.jsonl beside them
//
// A line is one Pod's verdicts, in the form of `actimanager explain -o json` without what only that can know. The
// plugins, their order, arguments, weights and feature gates are the defaults of the release it is built from, less
// DynamicResources. Nothing is read from a cluster and nothing is bound.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	v1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/scheduler/metrics"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: oracle [-jobs N] DIR")
		flag.PrintDefaults()
	}
	jobs := flag.Int("jobs", runtime.GOMAXPROCS(0), "how many clusters are judged at once")
	flag.Parse()
	if flag.NArg() != 1 || *jobs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	// What plugins log about objects that are amiss is in their verdicts too.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	metrics.Register()
	if err := judgeAll(flag.Arg(0), *jobs); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// judgeAll judges the clusters below a directory and returns the first failure.
func judgeAll(directory string, jobs int) error {
	found, err := filepath.Glob(filepath.Join(directory, "*", "cluster.json"))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return fmt.Errorf("%s has no */cluster.json", directory)
	}
	places := make(chan string)
	failures := make(chan error, len(found))
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for place := range places {
				if err := judgeOne(place); err != nil {
					failures <- fmt.Errorf("%s: %w", place, err)
				}
			}
		})
	}
	for _, path := range found {
		places <- filepath.Dir(path)
	}
	close(places)
	workers.Wait()
	close(failures)
	return <-failures
}

func judgeOne(place string) error {
	cluster, err := readObjects(filepath.Join(place, "cluster.json"))
	if err != nil {
		return err
	}
	pods, err := readObjects(filepath.Join(place, "pods.json"))
	if err != nil {
		return err
	}
	judge, err := newJudge(cluster)
	if err != nil {
		return err
	}
	defer judge.close()
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	lines.SetEscapeHTML(false)
	for _, pod := range pods.pods() {
		if err := lines.Encode(judge.pod(pod)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(place, "oracle.jsonl"), out.Bytes(), 0o644)
}

func name(pod *v1.Pod) string {
	return pod.Namespace + "/" + pod.Name
}
