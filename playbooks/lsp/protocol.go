package lsp

// The parts of the Language Server Protocol 3.17 that this server speaks. Positions count UTF-16
// code units from 0.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type textRange struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string    `json:"uri"`
	Range textRange `json:"range"`
}

type textDocument struct {
	URI     string `json:"uri"`
	Text    string `json:"text"`
	Version *int   `json:"version"`
}

// positionParams ask about a place.
type positionParams struct {
	TextDocument textDocument `json:"textDocument"`
	Position     position     `json:"position"`
}

type referenceParams struct {
	positionParams
	Context struct {
		IncludeDeclaration bool `json:"includeDeclaration"`
	} `json:"context"`
}

type renameParams struct {
	positionParams
	NewName string `json:"newName"`
}

// initializeParams are what an editor tells of itself, as far as it matters here.
type initializeParams struct {
	Capabilities struct {
		TextDocument struct {
			Completion struct {
				Item struct {
					Snippets bool `json:"snippetSupport"`
				} `json:"completionItem"`
			} `json:"completion"`
		} `json:"textDocument"`
		Workspace struct {
			Edit struct {
				Documents bool     `json:"documentChanges"`
				Resources []string `json:"resourceOperations"` // create, rename, delete
			} `json:"workspaceEdit"`
		} `json:"workspace"`
	} `json:"capabilities"`
}

type contentChange struct {
	Range *textRange `json:"range"` // nil: the text is the whole file
	Text  string     `json:"text"`
}

type changeParams struct {
	TextDocument textDocument    `json:"textDocument"`
	Changes      []contentChange `json:"contentChanges"`
}

type documentParams struct {
	TextDocument textDocument `json:"textDocument"`
}

type codeActionParams struct {
	TextDocument textDocument `json:"textDocument"`
	Range        textRange    `json:"range"`
	Context      struct {
		Only []string `json:"only"`
	} `json:"context"`
}

type diagnostic struct {
	Range    textRange            `json:"range"`
	Severity int                  `json:"severity"` // 1 error, 2 warning
	Code     string               `json:"code"`
	Source   string               `json:"source"`
	Message  string               `json:"message"`
	Related  []relatedInformation `json:"relatedInformation,omitempty"`
	Tags     []int                `json:"tags,omitempty"` // 1: unnecessary
}

type relatedInformation struct {
	Location location `json:"location"`
	Message  string   `json:"message"`
}

type publishParams struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type textEdit struct {
	Range   textRange `json:"range"`
	NewText string    `json:"newText"`
}

// workspaceEdit changes texts, or with Documents files too.
type workspaceEdit struct {
	Changes   map[string][]textEdit `json:"changes,omitempty"`
	Documents []any                 `json:"documentChanges,omitempty"`
}

type documentEdit struct {
	TextDocument versionedDocument `json:"textDocument"`
	Edits        []textEdit        `json:"edits"`
}

type versionedDocument struct {
	URI     string `json:"uri"`
	Version *int   `json:"version"` // null: the file on the disk
}

type fileRename struct {
	Kind   string `json:"kind"` // rename
	OldURI string `json:"oldUri"`
	NewURI string `json:"newUri"`
}

type fileCreate struct {
	Kind string `json:"kind"` // create
	URI  string `json:"uri"`
}

type documentLink struct {
	Range   textRange `json:"range"`
	Target  string    `json:"target"`
	Tooltip string    `json:"tooltip,omitempty"`
}

type codeAction struct {
	Title       string        `json:"title"`
	Kind        string        `json:"kind"`
	Diagnostics []diagnostic  `json:"diagnostics,omitempty"`
	Preferred   bool          `json:"isPreferred,omitempty"`
	Edit        workspaceEdit `json:"edit"`
}

// The kinds of completion items.
const (
	kindFunction = 3
	kindField    = 5
	kindVariable = 6
	kindProperty = 10
	kindValue    = 12
	kindEnum     = 20
	kindFile     = 17
	kindRef      = 18
	kindKeyword  = 14
	kindSnippet  = 15
)

// formatSnippet says that a text has placeholders.
const formatSnippet = 2

type completionItem struct {
	Label      string   `json:"label"`
	Kind       int      `json:"kind,omitempty"`
	Detail     string   `json:"detail,omitempty"`
	Docs       *markup  `json:"documentation,omitempty"`
	SortText   string   `json:"sortText,omitempty"`
	FilterText string   `json:"filterText,omitempty"`
	Edit       textEdit `json:"textEdit"`
	InsertMode int      `json:"insertTextMode,omitempty"` // 1: as it is
	Format     int      `json:"insertTextFormat,omitempty"`
}

type completionList struct {
	Incomplete bool             `json:"isIncomplete"`
	Items      []completionItem `json:"items"`
}

type markup struct {
	Kind  string `json:"kind"` // markdown
	Value string `json:"value"`
}

type hover struct {
	Contents markup     `json:"contents"`
	Range    *textRange `json:"range,omitempty"`
}

type documentSymbol struct {
	Name           string           `json:"name"`
	Detail         string           `json:"detail,omitempty"`
	Kind           int              `json:"kind"`
	Range          textRange        `json:"range"`
	SelectionRange textRange        `json:"selectionRange"`
	Children       []documentSymbol `json:"children,omitempty"`
}

// capabilities is what the server tells of itself.
var capabilities = map[string]any{
	"positionEncoding":       "utf-16",
	"textDocumentSync":       map[string]any{"openClose": true, "change": 2, "save": map[string]any{"includeText": false}},
	"completionProvider":     map[string]any{"triggerCharacters": []string{".", " ", "\"", "'", "{", "["}},
	"hoverProvider":          true,
	"definitionProvider":     true,
	"referencesProvider":     true,
	"renameProvider":         map[string]any{"prepareProvider": true},
	"documentLinkProvider":   map[string]any{},
	"documentSymbolProvider": true,
	"codeActionProvider":     map[string]any{"codeActionKinds": []string{"quickfix", "refactor", "source.fixAll"}},
}
