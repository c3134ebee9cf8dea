package main

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	for _, row := range []struct {
		sentence string
		events   []string
		want     string
	}{
		{"of what passes, only the package's line is printed", []string{
			`{"Action":"output","Package":"a","Test":"T","Output":"=== RUN T\n"}`,
			`{"Action":"output","Package":"a","Test":"T","Output":"noise\n"}`,
			`{"Action":"pass","Package":"a","Test":"T"}`,
			`{"Action":"output","Package":"a","Output":"PASS\n"}`,
			`{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}`,
			`{"Action":"pass","Package":"a"}`,
		}, "ok  \ta\t0.1s\n"},
		{"of what fails, everything is", []string{
			`{"Action":"output","Package":"a","Test":"T","Output":"    a_test.go:3: got 1\n"}`,
			`{"Action":"output","Package":"a","Test":"T","Output":"--- FAIL: T\n"}`,
			`{"Action":"fail","Package":"a","Test":"T"}`,
			`{"Action":"output","Package":"a","Output":"FAIL\ta\t0.1s\n"}`,
			`{"Action":"fail","Package":"a"}`,
		}, "    a_test.go:3: got 1\n--- FAIL: T\nFAIL\ta\t0.1s\n"},
		{"a test that never ends is printed with its package", []string{
			`{"Action":"output","Package":"a","Test":"T","Output":"panic: oh\n"}`,
			`{"Action":"output","Package":"b","Test":"T","Output":"still running\n"}`,
			`{"Action":"fail","Package":"a"}`,
		}, "panic: oh\n"},
		{"what is skipped is named at the end, by reason", []string{
			`{"Action":"output","Package":"a","Test":"T","Output":"    a_test.go:3: SKIPPED, NOT CHECKED: etcd: not there\n"}`,
			`{"Action":"output","Package":"a","Test":"T","Output":"--- SKIP: T (0.00s)\n"}`,
			`{"Action":"skip","Package":"a","Test":"T"}`,
			`{"Action":"output","Package":"a","Test":"U/sub","Output":"        a_test.go:9: etcd: not there\n"}`,
			`{"Action":"skip","Package":"a","Test":"U/sub"}`,
			`{"Action":"skip","Package":"a","Test":"V"}`,
			`{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}`,
		}, "ok  \ta\t0.1s\n\nSkipped, so not checked in this run:\n  etcd: not there\n      a T\n      a U/sub\n  no reason given\n      a V\n"},
		{"what tests show of themselves is printed at the end, in order", []string{
			`{"Action":"attr","Package":"a","Test":"T","Key":"b","Value":"2"}`,
			`{"Action":"attr","Package":"a","Test":"T","Key":"a","Value":"1 2"}`,
			`{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}`,
		}, "ok  \ta\t0.1s\n\nShown:\n  a                        1 2\n  b                        2\n"},
		{"a package without tests is not a skipped test", []string{
			`{"Action":"output","Package":"a","Output":"?   \ta\t[no test files]\n"}`,
			`{"Action":"skip","Package":"a"}`,
		}, "?   \ta\t[no test files]\n"},
		{"what the compiler says is printed", []string{
			`{"ImportPath":"a","Action":"build-output","Output":"a.go:1: no\n"}`, `{"ImportPath":"a","Action":"build-fail"}`,
		}, "a.go:1: no\n"},
		{"a line that is no event is printed", []string{"go: downloading x"}, "go: downloading x\n"},
	} {
		t.Run(row.sentence, func(t *testing.T) {
			var out strings.Builder
			if err := report(strings.NewReader(strings.Join(row.events, "\n")+"\n"), &out); err != nil {
				t.Fatal(err)
			}
			if out.String() != row.want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), row.want)
			}
		})
	}
}
