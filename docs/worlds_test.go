package docs

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// starterWorld is the top of the repository after `make run`.
func starterWorld(t *testing.T) *world {
	w := newWorld(t)
	copyTree(t, filepath.Join(w.dir, "examples"), "../examples")
	w.serve("examples/starter", "--demo")
	w.means(`1m8d4x2k69ce[0-9a-z]*`, w.runOf("xiaoman", "welcome"))
	return w
}

// runOf waits for a member's run and gives its id.
func (w *world) runOf(member, playbook string) string {
	w.t.Helper()
	var last string
	for end := time.Now().Add(commandPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		out, _ := w.run(fmt.Sprintf("usher runs --member %s --playbook %s --format json", member, playbook))
		var list struct{ Runs []struct{ ID string } }
		if last = out; json.Unmarshal([]byte(out), &list) == nil && len(list.Runs) > 0 {
			return list.Runs[0].ID
		}
	}
	w.t.Fatalf("member %s has no run of %s: %s", member, playbook, last)
	return ""
}

// shopWorld is a folder with a new workspace `shop` and the files that commands of the docs and of
// --help name.
func shopWorld(t *testing.T, served bool) *world {
	w := newWorld(t)
	if out, err := w.run("usher init shop"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.shop = "shop"
	shop := filepath.Join(w.dir, "shop")
	usher, err := os.ReadFile(filepath.Join(shop, "usher.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(shop, "usher.yaml"),
		strings.Replace(string(usher), "segments:", "segments:\n  regulars: member.orders > 0", 1))
	put(t, filepath.Join(shop, "playbooks/retention/hall-closed.yaml"), `id: hall-closed
stage: retention
owner: growth
trigger: {http: {params: {hall: string}}}
actions:
  - message: {channel: shop, class: transactional, text: "{{ trigger.hall }}今天不开门。"}
`)
	put(t, filepath.Join(shop, "playbooks/retention/hall-closed_test.yaml"), `playbook: hall-closed
tests:
  - name: who should know
    member: {id: m1}
    script:
      - trigger: {hall: 北馆}
      - expect: {messages: [{contains: 北馆}], run: done}
`)
	put(t, filepath.Join(shop, "playbooks/conversion/cart-rescue.yaml"), `id: cart-rescue
stage: conversion
owner: growth
trigger: {segment_enter: regulars}
actions:
  - wait: 4h
  - tag: rescued
`)
	put(t, filepath.Join(shop, "playbooks/conversion/cart-rescue_test.yaml"), `playbook: cart-rescue
tests:
  - name: who has bought
    member: {id: m1}
    script:
      - {event: order.paid, properties: {order_id: o1, amount: 1}}
      - advance: 4h
      - expect: {tags: {added: [rescued]}, run: done}
`)
	const events = `{"id":"e1","event":"member.joined","member":"m1","time":"2026-03-02T10:00:00+08:00","properties":{"channel":"wechat"}}
{"id":"e2","event":"member.joined","member":"m2","time":"2026-03-02T11:00:00+08:00","properties":{"channel":"wechat"}}
{"id":"e3","event":"order.paid","member":"m2","time":"2026-03-03T11:00:00+08:00","properties":{"order_id":"o1","amount":36}}
`
	const orders = "event,member,time,order_id,amount\norder.paid,m1,2026-03-02T10:00:00+08:00,o1,36\n"
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(orders)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	chinese, err := simplifiedchinese.GB18030.NewEncoder().String("会员ID,下单时间,order_id,amount\nm2,2026/3/2 10:00,o2,18\n")
	if err != nil {
		t.Fatal(err)
	}
	members, err := simplifiedchinese.GB18030.NewEncoder().String("会员ID,邮箱,标签\nm2,a@b.test,老客；vip\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{w.dir, shop} {
		put(t, filepath.Join(dir, "会员.csv"), members)
		put(t, filepath.Join(dir, "members.csv"), "member,nickname,tags\nm1,小王,vip\n")
		put(t, filepath.Join(dir, "old-tool.csv"), "id,nickname\nm1,旧名\n")
		put(t, filepath.Join(dir, "codes.txt"), "KINO-9\nKINO-1\n")
		put(t, filepath.Join(dir, "订单.csv"), chinese)
		put(t, filepath.Join(dir, "last-year.csv"), strings.ReplaceAll(orders, "2026-", "2025-"))
		put(t, filepath.Join(dir, "events.jsonl"), events)
		put(t, filepath.Join(dir, "orders.csv"), orders)
		put(t, filepath.Join(dir, "orders.csv.gz"), zipped.String())
	}
	w.means(`/var/lib/usher`, filepath.Join(t.TempDir(), "usher"))
	w.means(`0\.0\.0\.0:8080`, freeAddress(t))
	if served {
		w.serve("shop")
		if out, err := w.run("usher send events.jsonl"); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		w.means(`1m8d4x2k69ce[0-9a-z]*`, w.runOf("m1", "welcome"))
		out, err := w.run("usher member m1 --format json")
		code := regexp.MustCompile(`NEW-[A-Z0-9]{12}`).FindString(out)
		if err != nil || code == "" {
			t.Fatalf("m1 has no coupon: %v\n%s", err, out)
		}
		w.means(`NEW-SKA44GH5TZVQ`, code)
	}
	w.means(`--addr 127\.0\.0\.1:8080`, "--addr "+freeAddress(t))
	return w
}

// pageWorld is the workspace of a page.
func pageWorld(t *testing.T, c *context, tests map[string]string) *world {
	w := newWorld(t)
	for name, f := range c.files {
		put(t, filepath.Join(w.dir, name), string(f.Data))
	}
	for id, text := range c.playbooks {
		put(t, filepath.Join(w.dir, "playbooks", id+".yaml"), text)
	}
	for id, text := range tests {
		put(t, filepath.Join(w.dir, "playbooks", id+"_test.yaml"), text)
	}
	if err := os.RemoveAll(filepath.Join(w.dir, "bin")); err != nil { // no part of a workspace
		t.Fatal(err)
	}
	w.serve(".")
	return w
}
