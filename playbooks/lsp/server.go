// Package lsp is a language server for workspaces: diagnostics while typing, completion,
// descriptions, definitions and quick fixes, from the same checker and declarations as `usher
// check`.
package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// Server answers one editor.
type Server struct {
	Registry *schema.Registry
	Disk     Disk
	Version  string
	Now      func() time.Time // for the next times of a schedule
	Log      io.Writer        // what went wrong in the server itself

	out         writer
	initialized bool
	client      client
	shutdown    bool
	docs        map[string]*document  // by path
	workspaces  map[string]*workspace // by folder
}

// Disk is where files lie that no editor has open.
type Disk interface {
	// Workspace returns the folder with the usher.yaml that a file belongs to, as a slash-separated
	// absolute path.
	Workspace(path string) (dir string, ok bool)
	// Read calls read with a folder's files, which are good until it returns.
	Read(dir string, read func(fs.FS)) error
}

// document is a file that the editor has open.
type document struct {
	path    string
	uri     string // as the editor writes it
	text    string
	version *int
}

// client is what the editor can do.
type client struct {
	snippets     bool // completion items with placeholders
	createsFiles bool
	renamesFiles bool
}

func clientOf(params json.RawMessage) client {
	var p initializeParams
	if json.Unmarshal(params, &p) != nil {
		return client{} // an editor that says nothing readable of itself gets what every editor understands
	}
	edit := p.Capabilities.Workspace.Edit
	return client{
		snippets:     p.Capabilities.TextDocument.Completion.Item.Snippets,
		createsFiles: edit.Documents && slices.Contains(edit.Resources, "create"),
		renamesFiles: edit.Documents && slices.Contains(edit.Resources, "rename"),
	}
}

// errNoShutdown says that the editor left without saying goodbye.
var errNoShutdown = errors.New("the editor ended the session without a shutdown")

// Serve speaks the protocol until the editor ends it. The error is of the streams, or that the end
// came without a shutdown.
func (s *Server) Serve(in io.Reader, out io.Writer) error {
	s.out.out = out
	s.docs, s.workspaces = map[string]*document{}, map[string]*workspace{}
	type received struct {
		m   *message
		err error
	}
	queue := make(chan received, 256)
	done := make(chan struct{})
	defer close(done)
	go func() {
		r := bufio.NewReader(in)
		for {
			m, err := readMessage(r)
			select {
			case queue <- received{m, err}:
			case <-done:
				return
			}
			if err != nil && !errors.Is(err, errNotJSON) {
				return
			}
		}
	}()
	for {
		var next received
		select {
		case next = <-queue:
		default:
			// Nothing more is waiting: the moment to look at what was typed. A burst of changes is looked at
			// once.
			if err := s.publish(); err != nil {
				return err
			}
			next = <-queue
		}
		switch {
		case errors.Is(next.err, errNotJSON):
			if err := s.out.write(message{ID: nothing, Error: &rpcError{parseError, next.err.Error()}}); err != nil {
				return err
			}
			continue
		case errors.Is(next.err, io.EOF):
			return s.ended()
		case next.err != nil:
			return next.err
		case next.m.Method == "exit":
			return s.ended()
		}
		if err := s.handle(next.m); err != nil {
			return err
		}
	}
}

func (s *Server) ended() error {
	if !s.shutdown {
		return errNoShutdown
	}
	return nil
}

// handle answers a request, or takes in a notification.
func (s *Server) handle(m *message) error {
	if m.Method == "" { // a response: the server asks nothing
		return nil
	}
	result, rpcErr := s.dispatch(m)
	if m.ID == nil {
		return nil
	}
	if rpcErr != nil {
		return s.out.write(message{ID: m.ID, Error: rpcErr})
	}
	if result == nil {
		result = nothing
	}
	return s.out.write(message{ID: m.ID, Result: result})
}

// dispatch calls what the method names. A fault of the server itself ends the request, not the
// session.
func (s *Server) dispatch(m *message) (result any, rpcErr *rpcError) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(s.Log, "usher lsp: %s: %v\n", m.Method, r)
			result, rpcErr = nil, &rpcError{internalError, "this is a fault of usher lsp: please report it"}
		}
	}()
	switch {
	case m.Method == "initialize":
		s.initialized, s.client = true, clientOf(m.Params)
		return map[string]any{
			"capabilities": capabilities,
			"serverInfo":   map[string]string{"name": "usher", "version": s.Version},
		}, nil
	case !s.initialized:
		return nil, &rpcError{notInitialized, "initialize comes first"}
	case m.Method == "shutdown":
		s.shutdown = true
		return nothing, nil
	case s.shutdown:
		return nil, &rpcError{invalidRequest, "the session was shut down"}
	}
	switch m.Method {
	case "initialized", "$/setTrace", "$/cancelRequest", "workspace/didChangeConfiguration":
		return nil, nil
	case "textDocument/didOpen":
		return call(m, s.didOpen)
	case "textDocument/didChange":
		return call(m, s.didChange)
	case "textDocument/didClose":
		return call(m, s.didClose)
	case "textDocument/didSave", "workspace/didChangeWatchedFiles":
		for _, w := range s.workspaces {
			w.stale = true
		}
		return nil, nil
	case "textDocument/completion":
		return call(m, s.completion)
	case "textDocument/hover":
		return call(m, s.hover)
	case "textDocument/definition":
		return call(m, s.definition)
	case "textDocument/references":
		return call(m, s.references)
	case "textDocument/prepareRename":
		return call(m, s.prepareRename)
	case "textDocument/rename":
		return call(m, s.rename)
	case "textDocument/documentLink":
		return call(m, s.links)
	case "textDocument/documentSymbol":
		return call(m, s.symbols)
	case "textDocument/codeAction":
		return call(m, s.codeActions)
	}
	if strings.HasPrefix(m.Method, "$/") {
		return nil, nil
	}
	return nil, &rpcError{noMethod, "there is no method " + m.Method}
}

// call decodes the parameters of a method.
func call[P any](m *message, f func(*P) (any, error)) (any, *rpcError) {
	p := new(P)
	if err := json.Unmarshal(m.Params, p); err != nil {
		return nil, &rpcError{invalidParams, "the parameters of " + m.Method + " cannot be read"}
	}
	result, err := f(p)
	var why refusal
	if errors.As(err, &why) {
		return nil, &rpcError{requestFailed, string(why)}
	}
	if err != nil {
		return nil, &rpcError{invalidParams, err.Error()}
	}
	return result, nil
}

func (s *Server) didOpen(p *documentParams) (any, error) {
	path, ok := pathOf(p.TextDocument.URI)
	if !ok {
		return nil, nil
	}
	s.docs[path] = &document{
		path: path, uri: p.TextDocument.URI, text: p.TextDocument.Text,
		version: p.TextDocument.Version,
	}
	s.touch(path)
	return nil, nil
}

func (s *Server) didChange(p *changeParams) (any, error) {
	path, _ := pathOf(p.TextDocument.URI)
	d := s.docs[path]
	if d == nil {
		return nil, nil
	}
	for _, c := range p.Changes {
		if c.Range == nil {
			d.text = c.Text
			continue
		}
		t := newText(d.text)
		from, to := t.offset(c.Range.Start), t.offset(c.Range.End)
		d.text = d.text[:from] + c.Text + d.text[max(from, to):]
	}
	d.version = p.TextDocument.Version
	s.touch(path)
	return nil, nil
}

func (s *Server) didClose(p *documentParams) (any, error) {
	path, _ := pathOf(p.TextDocument.URI)
	delete(s.docs, path)
	s.touch(path)
	return nil, nil
}

// touch marks the workspace of a file to be looked at again.
func (s *Server) touch(path string) {
	if w := s.workspaceOf(path); w != nil {
		w.stale = true
	}
}

// workspaceOf returns the workspace that a file belongs to, or nil. A usher.yaml that was not saved
// yet makes a workspace too.
func (s *Server) workspaceOf(path string) *workspace {
	dir, ok := s.Disk.Workspace(path)
	if !ok {
		for open := range s.docs {
			if d, found := strings.CutSuffix(open, "/"+schemaFile); found && strings.HasPrefix(path, d+"/") &&
				len(d) > len(dir) {
				dir, ok = d, true
			}
		}
	}
	if !ok {
		return nil
	}
	w := s.workspaces[dir]
	if w == nil {
		w = &workspace{dir: dir, registry: s.Registry, shapes: shapes.NewShapes(s.Registry)}
		s.workspaces[dir] = w
	}
	return w
}
