package diag

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
)

// The parts of SARIF 2.1.0 that code scanners read.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

// renderSARIF prints the diagnostics for code scanners.
func renderSARIF(b *bytes.Buffer, diags []Diagnostic) error {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "usher", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints", Results: []sarifResult{},
	}
	for _, d := range diags {
		if !slices.ContainsFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return r.ID == d.Code }) {
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(d.Code))
		}
		text := d.Message
		if d.Label != "" {
			text += ": " + d.Label
		}
		r := sarifResult{
			RuleID: d.Code, Level: string(d.Severity), Message: sarifText{text},
			Locations: []sarifLocation{{Physical: sarifLocationOf(d.Pos)}},
		}
		for _, rel := range d.Related {
			r.Related = append(r.Related, sarifLocation{Physical: sarifLocationOf(rel.Pos), Message: &sarifText{rel.Message}})
		}
		if len(d.Edits) > 0 {
			r.Fixes = []sarifFix{sarifFixOf(&d)}
		}
		run.Results = append(run.Results, r)
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{run},
	})
}

// sarifFixOf returns the edits that mend a mistake, a change for each file.
func sarifFixOf(d *Diagnostic) sarifFix {
	fix := sarifFix{Description: sarifText{cmp.Or(d.Label, d.Message)}}
	for _, e := range d.Edits {
		at := sarifLocationOf(e.Pos)
		i := slices.IndexFunc(fix.Changes, func(c sarifChange) bool { return c.Artifact == at.Artifact })
		if i < 0 {
			i, fix.Changes = len(fix.Changes), append(fix.Changes, sarifChange{Artifact: at.Artifact})
		}
		fix.Changes[i].Replacements = append(fix.Changes[i].Replacements, sarifReplacement{at.Region, sarifText{e.Text}})
	}
	return fix
}

func sarifRuleOf(code string) sarifRule {
	r := sarifRule{ID: code, Short: sarifText{code}, Help: sarifText{"usher explain " + code}}
	if c := CodeByName(code); c != nil {
		r.Short.Text, r.Help.Text = c.Title, c.Doc
	}
	return r
}

func sarifLocationOf(p Pos) sarifPhysical {
	return sarifPhysical{
		Artifact: sarifArtifact{(&url.URL{Path: p.File}).EscapedPath()},
		Region:   sarifRegion{max(p.Line, 1), max(p.Column, 1), p.EndLine, p.EndColumn},
	}
}
