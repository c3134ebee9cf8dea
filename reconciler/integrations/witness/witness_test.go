package witness_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sluice-gitops/sluice/reconciler/integrations/witness"
	"github.com/sluice-gitops/sluice/schema"
)

const note = "project\n3\nroot\n\n— project sig\n"

// answering is a witness that answers always the same, and what it was asked last.
func answering(t *testing.T, status int, contentType, body string) (*witness.Client, *string) {
	t.Helper()
	asked := new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*asked = r.Method + " " + r.URL.Path + "\n" + string(data)
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	c, err := witness.New(server.URL + "/w1/")
	if err != nil {
		t.Fatal(err)
	}
	return c, asked
}

func TestTheRequestIsThatOfTheSpecification(t *testing.T) {
	c, asked := answering(t, http.StatusOK, "", "— w sig\n")
	for _, row := range []struct {
		old   int64
		proof []string
		want  string
	}{
		{0, nil, "POST /w1/add-checkpoint\nold 0\n\n" + note},
		{2, []string{"aaa=", "bbb="}, "POST /w1/add-checkpoint\nold 2\naaa=\nbbb=\n\n" + note},
	} {
		got, err := c.AddCheckpoint(t.Context(), row.old, row.proof, []byte(note))
		if err != nil || string(got) != "— w sig\n" || *asked != row.want {
			t.Errorf("old %d: answer %q, %v; asked %q, want %q", row.old, got, err, *asked, row.want)
		}
	}
	for name, proof := range map[string][]string{"a proof of 64 lines": make([]string, 64)} {
		if _, err := c.AddCheckpoint(t.Context(), 1, proof, []byte(note)); err == nil {
			t.Errorf("%s was sent", name)
		}
	}
}

func TestAnswersOfAWitness(t *testing.T) {
	const size = "text/x.tlog.size"
	for _, row := range []struct {
		name        string
		status      int
		contentType string
		body        string
		want        error
		conflict    int64
	}{
		{"another size", 409, size, "17\n", nil, 17},
		{"another size, with a parameter", 409, size + "; charset=utf-8", "0\n", nil, 0},
		{"a conflict without a size", 409, "text/plain", "17\n", nil, -1},
		{"a size without its end", 409, size, "17", nil, -1},
		{"a size with zeros before", 409, size, "017\n", nil, -1},
		{"a negative size", 409, size, "-1\n", nil, -1},
		{"no number", 409, size, "many\n", nil, -1},
		{"an unknown project", 404, "", "", witness.ErrUnknownLog, 0},
		{"a log key that it does not trust", 403, "", "", witness.ErrUntrusted, 0},
		{"a proof that does not lead there", 422, "", "", witness.ErrInconsistent, 0},
		{"a request that it does not read", 400, "", "", witness.ErrUnavailable, 0},
		{"an error of its own", 500, "", "", witness.ErrUnavailable, 0},
		{"another address", 302, "", "", witness.ErrUnavailable, 0},
		{"an answer without end", 200, "", strings.Repeat("x", 65<<10), witness.ErrUnavailable, 0},
	} {
		c, _ := answering(t, row.status, row.contentType, row.body)
		got, err := c.AddCheckpoint(t.Context(), 3, nil, []byte(note))
		var conflict *schema.WitnessConflict
		switch {
		case got != nil:
			t.Errorf("%s: answered %q", row.name, got)
		case row.want != nil && !errors.Is(err, row.want):
			t.Errorf("%s: %v, want %v", row.name, err, row.want)
		case row.want == nil && (!errors.As(err, &conflict) || conflict.Size != row.conflict):
			t.Errorf("%s: %v, want a conflict with %d", row.name, err, row.conflict)
		}
	}
}

func TestAWitnessThatIsNotThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	c, err := witness.New(server.URL)
	server.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddCheckpoint(t.Context(), 0, nil, []byte(note)); !errors.Is(err, witness.ErrUnavailable) {
		t.Errorf("got %v, want %v", err, witness.ErrUnavailable)
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	for name, prefix := range map[string]string{
		"nothing":              "",
		"no scheme":            "witness.example/w1",
		"plain http elsewhere": "http://witness.example/w1",
		"a password":           "https://a:b@witness.example/w1",
		"a query":              "https://witness.example/w1?x",
		"another scheme":       "ftp://witness.example",
	} {
		if _, err := witness.New(prefix); err == nil {
			t.Errorf("%s: %q was accepted", name, prefix)
		}
	}
}
