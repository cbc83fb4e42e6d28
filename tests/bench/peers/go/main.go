// Times blues/jsonata-go; see ../README.md.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	jsonata "github.com/blues/jsonata-go"
)

type figure struct {
	Best   float64 `json:"best"`
	Median float64 `json:"median"`
}

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return v
}

func runBatch(operation func(), size int) float64 {
	start := time.Now()
	for i := 0; i < size; i++ {
		operation()
	}
	return float64(time.Since(start).Nanoseconds())
}

func measure(operation func(), seconds float64) figure {
	operation()
	size := 1
	ns := runBatch(operation, size)
	for ; ns < 2e6 && size <= 1000000; ns = runBatch(operation, size) {
		size = max(size*2, int(float64(size)*2.5e6/max(ns, 1)))
	}
	per := []float64{ns / float64(size)}
	end := time.Now().Add(time.Duration(seconds * 1e9))
	for len(per) < 3 || time.Now().Before(end) {
		per = append(per, runBatch(operation, size)/float64(size))
	}
	sort.Float64s(per)
	return figure{per[0], per[len(per)/2]}
}

func main() {
	source := string(must(os.ReadFile(os.Args[1])))
	seconds := must(strconv.ParseFloat(os.Args[3], 64))
	compileOnly := strings.Contains(os.Args[1], "compile-")
	var text []byte
	if os.Args[2] != "-" {
		text = must(os.ReadFile(os.Args[2]))
	}
	parse := func() any {
		var v any
		if text != nil {
			must(0, json.Unmarshal(text, &v))
		}
		return v
	}
	report := map[string]figure{}
	expression := must(jsonata.Compile(source))
	if !compileOnly {
		data := parse()
		result := must(expression.Eval(data))
		must(0, os.WriteFile(os.Args[4], must(json.Marshal(result)), 0o644))
		if seconds > 0 {
			report["parse_ns"] = measure(func() { parse() }, seconds)
			report["eval_ns"] = measure(func() { must(expression.Eval(data)) }, seconds)
			report["serialize_ns"] = measure(func() { must(json.Marshal(result)) }, seconds)
			report["e2e_ns"] = measure(func() { must(json.Marshal(must(expression.Eval(parse())))) }, seconds)
		}
	}
	if seconds > 0 {
		report["compile_ns"] = measure(func() { must(jsonata.Compile(source)) }, seconds)
	}
	fmt.Println(string(must(json.Marshal(report))))
}
