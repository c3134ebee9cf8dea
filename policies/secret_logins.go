package policies

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/sluice-gitops/sluice/schema"
)

var (
	// basicLogin is a name and a password as a header of HTTP has them, wherever it stands.
	basicLogin = regexp.MustCompile(`(?i)\bbasic\s+([A-Za-z0-9+/]{4,}={0,2})`)
	// clientsOfP are the commands that take a password right behind -p, in a line or in a list that is written in one. Theirs is the
	// port behind -P.
	clientsOfP = regexp.MustCompile(`(?:^|[^A-Za-z0-9_.-])` + namesOfClients + `["']?[\s,](?:[^|;\n]*?["'\s,])??["']?-p\\?["']?([^\s"',\]\\]+)`)
	clientOfP  = regexp.MustCompile(`^(?:.*/)?` + namesOfClients + `$`)
	// noPassword is what else stands behind -p: a flag of several letters, or ports of a container that is called as its program.
	noPassword = regexp.MustCompile(`^(?:ort|ipe|rotocol|rint|ath|refix|assword|rogress|ull)(?:[^A-Za-z]|$)|^\d+:|^[\d.]+:\d+`)
)

const namesOfClients = `(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlcheck|mysqlshow|mysqlsh|mariadb|mariadb-dump|mariadb-admin|sshpass)`

// headerLogin is where the credential of a header begins: "Basic" and the base64 of a name with its password; false where there is none.
func headerLogin(line []byte) (offset int, ok bool) {
	if !containsFold(line, "basic") {
		return 0, false
	}
	for _, m := range basicLogin.FindAllSubmatchIndex(line, -1) {
		if isPair(string(line[m[2]:m[3]])) {
			return m[2], true
		}
	}
	return 0, false
}

// clientPassword is where a password begins that stands right behind -p; false where there is none.
func clientPassword(line []byte) (offset int, ok bool) {
	if !bytes.Contains(line, []byte("-p")) {
		return 0, false
	}
	for _, m := range clientsOfP.FindAllSubmatchIndex(line, -1) {
		if isBehindP(string(line[m[2]:m[3]])) {
			return m[2], true
		}
	}
	return 0, false
}

func isBehindP(value string) bool {
	return value != "" && !reference.MatchString(value) && !noPassword.MatchString(value)
}

// ofClientList reports whether a leaf of a list is such a flag with its password, behind its command.
func ofClientList(leaves map[string]schema.Leaf, list string, place int) bool {
	value, _ := textOf(leaves[list+strconv.Itoa(place)])
	password, ok := strings.CutPrefix(value, "-p")
	if !ok || !isBehindP(password) {
		return false
	}
	for i := range place {
		if before, _ := textOf(leaves[list+strconv.Itoa(i)]); clientOfP.MatchString(before) {
			return true
		}
	}
	return false
}

// isPair reports whether a text is a name and a password as a header has them.
func isPair(value string) bool {
	text, err := base64.StdEncoding.DecodeString(value)
	at := bytes.IndexByte(text, ':')
	return err == nil && at > 0 && at < len(text)-1 && strings.IndexFunc(string(text), func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }) < 0
}
