// Command oracle says what kube-scheduler does, so that ours can be held against it.
//
//	oracle judge DIR      for every DIR/*/cluster.json and pods.json (Lists): each plugin's verdicts on the Pods, and
//	                      what preemption does for those that fit nowhere, in oracle.jsonl
//	oracle requeue DIR    for every DIR/*/cluster.json and cases.json: whether a change makes a rejected Pod be tried
//	                      again, in hints.jsonl
//	oracle sequence DIR   for every DIR/*/cluster.json and sequence.json (Lists): where the Pods go one after the other,
//	                      in places.jsonl
//
// The plugins, their order, arguments, weights and feature gates are the defaults of the release it is built from; to
// judge, less DynamicResources. Nothing is read from a cluster and nothing is bound.
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

// modes read the files of one directory and return the lines to be written there.
var modes = map[string]struct {
	run func(place string) ([]any, error)
	out string
}{
	"judge":    {judgeOne, "oracle.jsonl"},
	"requeue":  {requeueOne, "hints.jsonl"},
	"sequence": {sequenceOne, "places.jsonl"},
}

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: oracle [-jobs N] judge|requeue|sequence DIR")
		flag.PrintDefaults()
	}
	jobs := flag.Int("jobs", runtime.GOMAXPROCS(0), "how many clusters are looked at at once")
	flag.Parse()
	mode, known := modes[flag.Arg(0)]
	if flag.NArg() != 2 || !known || *jobs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	// What plugins log about objects that are amiss is in their verdicts too.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	metrics.Register()
	err := forEach(flag.Arg(1), *jobs, func(place string) error {
		lines, err := mode.run(place)
		if err != nil {
			return err
		}
		return write(filepath.Join(place, mode.out), lines)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

// forEach looks at the clusters below a directory and returns the first failure.
func forEach(directory string, jobs int, look func(place string) error) error {
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
				if err := look(place); err != nil {
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

func write(path string, lines []any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}

func judgeOne(place string) ([]any, error) {
	cluster, err := readObjects(filepath.Join(place, "cluster.json"))
	if err != nil {
		return nil, err
	}
	pods, err := readObjects(filepath.Join(place, "pods.json"))
	if err != nil {
		return nil, err
	}
	judge, err := newJudge(cluster)
	if err != nil {
		return nil, err
	}
	defer judge.close()
	var lines []any
	for _, pod := range pods.pods() {
		lines = append(lines, judge.pod(pod))
	}
	return lines, nil
}

func name(pod *v1.Pod) string {
	return pod.Namespace + "/" + pod.Name
}
