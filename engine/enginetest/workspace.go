// Package enginetest draws random workspaces, and inputs for them, for tests that decide the same in several ways.
//
// A workspace is put together of parts that use the words of the language. A test of this package holds that each word
// that files can have is in use.
package enginetest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/shapes"
)

// declared is what their expressions are checked against: one of the workspaces that are drawn.
var declared = sync.OnceValue(func() *playbooks.Schema {
	text := usher
	for _, d := range drawn {
		text = strings.ReplaceAll(text, d.name, d.forms[0])
	}
	ws, _ := loader.Load(FilesOf(map[string]string{"usher.yaml": text}), actions.Registry())
	return ws.Schema
})

// Pick draws one of several, each as often: what rapid draws of itself is mostly one of the first.
func Pick(t *rapid.T, what string, from []string) string {
	return rapid.Custom(func(t *rapid.T) string {
		i := 0
		for n := 1; n < 4*len(from); n *= 2 {
			i *= 2
			if rapid.Bool().Draw(t, "half") {
				i++
			}
		}
		return from[i%len(from)]
	}).Draw(t, what)
}

var (
	notOfObjects = regexp.MustCompile(
		`points|referral|rank|coupon|raffle|use: pair|vars\.left|holder|guided|inviter|home|channel: mail|(friend|!=) ?(==)? member\.id|friend: = member`)
	withoutWindow = regexp.MustCompile(`events\("(\w+)"\)`)
	ofSegment     = regexp.MustCompile(`(segment(?:_enter|_exit)?: |inside: |in_segment\(")(\w+)`)
	ofTemplate    = regexp.MustCompile(`((?:template|written): |")(hi|ho)\b`)
	withGroup     = regexp.MustCompile(`^{event: (?:buy|visit|leave|joined)\b`)
	withMember    = regexp.MustCompile(`^{event: `)
)

// forGroup returns a part of a playbook as one for groups has it; false when they have nothing of the kind.
func forGroup(part string) (string, bool) {
	if notOfObjects.MatchString(part) {
		return "", false
	}
	part = strings.ReplaceAll(part, "member.", "group.")
	part = withoutWindow.ReplaceAllString(part, `events("$1", "30d")`)
	part = ofTemplate.ReplaceAllString(part, "${1}g-$2")
	return ofSegment.ReplaceAllString(part, "${1}g-$2"), true
}

// ofGroups returns the parts that playbooks for groups have.
func ofGroups(parts []string) (out []string) {
	for _, part := range parts {
		if p, ok := forGroup(part); ok {
			out = append(out, p)
		}
	}
	return out
}

// book is a playbook that is drawn: what may stand in it.
type book struct {
	group             bool
	forks, conditions []string
	actions, triggers []string
	extras            []string
	n                 int // of what has a number of its own
}

// said makes actions of texts.
func said(texts []string) (out []string) {
	for _, text := range texts {
		out = append(out, `message: {channel: out, class: transactional, text: "`+text+`"}`)
	}
	return out
}

// The parts of playbooks for members, and of those for groups.
var (
	ofMember = sync.OnceValue(func() book {
		return book{
			forks: forksOfAll, conditions: conditions, triggers: triggers, extras: extras,
			actions: slices.Concat(actionsOfAll, named, said(texts), said(textsOfMembers)),
		}
	})
	ofGroup = sync.OnceValue(func() book {
		b := ofMember()
		return book{
			group: true, forks: ofGroups(b.forks), conditions: ofGroups(b.conditions), triggers: ofGroups(b.triggers),
			extras: ofGroups(b.extras), actions: ofGroups(b.actions),
		}
	})
)

// drawBook draws for whom a playbook is, and by which trigger it begins.
func drawBook(t *rapid.T) (b book, trigger string) {
	b = ofMember()
	if rapid.IntRange(0, 2).Draw(t, "for a group") == 0 {
		b = ofGroup()
	}
	trigger = Pick(t, "trigger", b.triggers)
	b.conditions, b.actions = b.about(trigger)
	return b, trigger
}

// about returns the conditions and actions that may stand behind a trigger.
func (b *book) about(trigger string) (conditions, actions []string) {
	conditions, actions = b.conditions, b.actions
	switch {
	case b.group && withMember.MatchString(trigger):
		actions = slices.Concat(actions, ofObjects)
	case !b.group && withGroup.MatchString(trigger):
		conditions, actions = slices.Concat(conditions, asked), slices.Concat(actions, told)
	}
	return conditions, actions
}

// steps draws a list of actions, with forks up to a depth.
func (b *book) steps(t *rapid.T, indent string, depth int) string {
	var out strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "actions") {
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "fork") == 0 {
			fork := fmt.Sprintf(Pick(t, "way", b.forks), b.steps(t, "        ", depth-1), b.steps(t, "        ", depth-1))
			out.WriteString(Indented(fork, indent))
			continue
		}
		action := Pick(t, "action", b.actions)
		if rapid.IntRange(0, 4).Draw(t, "calculates") == 0 {
			action = drawCalculation(t, b.group)
		}
		b.n++
		out.WriteString(Indented("- "+strings.ReplaceAll(action, "{N}", fmt.Sprint(b.n))+"\n", indent))
		if text := out.String(); strings.HasSuffix(text, "exit: enough\n") {
			break // nothing may come behind it
		}
	}
	return out.String()
}

// Indented returns lines moved to the right.
func Indented(text, by string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	return by + strings.Join(lines, by) + "\n"
}

// draw draws the text of a playbook.
func draw(t *rapid.T, id string) string {
	b, trigger := drawBook(t)
	stage := Pick(t, "stage", shapes.Stages)
	text := fmt.Sprintf("id: %s\nstage: %s\ntrigger: %s\n", id, stage, trigger)
	if rapid.Bool().Draw(t, "conditional") {
		text += "condition: '" + Pick(t, "condition", b.conditions) + "'\n"
	}
	keys := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(t, "extras") {
		extra := Pick(t, "extra", b.extras)
		if key, _, _ := strings.Cut(extra, ":"); !keys[key] {
			keys[key] = true
			text += extra + "\n"
		}
	}
	return b.whole(text + "actions:\n" + b.steps(t, "  ", 2))
}

// whole returns a playbook with the vars that it names, and for whom it is.
func (b *book) whole(text string) string {
	before := vars
	if b.group {
		before = strings.ReplaceAll(before, " left: = 9 - len(vars.bought) - member.points,", "")
		before, _ = forGroup(before)
	}
	if strings.Contains(text, "vars.") {
		text = before + text
	}
	if b.group {
		text = "for: group\n" + text
	}
	return text
}

// Workspace draws the files of a workspace. Some have a mistake: actions behind a fork of which every way exits.
func Workspace(t *rapid.T) map[string]string {
	files := maps.Clone(shared)
	files["usher.yaml"] = drawUsher(t)
	for i := range rapid.IntRange(1, 4).Draw(t, "playbooks") {
		files[fmt.Sprintf("playbooks/p%d.yaml", i)] = draw(t, fmt.Sprint("p", i))
	}
	if rapid.IntRange(0, 3).Draw(t, "of shops") == 0 {
		files["playbooks/shop.yaml"] = ofShops
	}
	return files
}

// FilesOf returns files as a file system.
func FilesOf(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}
