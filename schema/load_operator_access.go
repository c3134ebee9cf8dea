package schema

import "net/netip"

// access reads who may look at the page. Half a rule is refused: it would let nobody look, or everybody.
func (s *source) access(o object) PageAccess {
	v, path := o.get("access")
	if v == nil {
		return PageAccess{}
	}
	inner, ok := s.object(v, accessShape, path)
	if !ok {
		return PageAccess{}
	}
	a := PageAccess{
		Public: inner.flag("public", false), Header: inner.text("header"), CertFile: inner.text("cert_file"), KeyFile: inner.text("key_file"),
		ClientCAFile: inner.text("client_ca_file"), GroupsHeader: inner.text("groups_header"), Visible: s.visible(inner),
	}
	for _, text := range inner.texts("networks") {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			s.badValue(v, path, "write networks as 10.1.0.0/16", "it is no network: "+text)
			continue
		}
		a.Networks = append(a.Networks, prefix.Masked())
	}
	if fix, why := halfAccess(a); why != "" {
		s.badValue(v, path, fix, why)
	}
	return a
}

// halfAccess says what a rule lacks, and what to do about it.
func halfAccess(a PageAccess) (fix, why string) {
	switch {
	case (a.Header == "") != (len(a.Networks) == 0):
		return "write header: NAME and networks: [NETWORK] together", "a header is believed from a proxy's networks alone"
	case (a.CertFile == "") != (a.KeyFile == ""):
		return "write cert_file: PATH and key_file: PATH together", "one is nothing without the other"
	case a.ClientCAFile != "" && a.CertFile == "":
		return "write cert_file: PATH and key_file: PATH as well", "client certificates come over TLS alone"
	case a.Public && a.Asks():
		return "leave out public, or the rest", "it is either for everybody or not"
	case a.GroupsHeader != "" && a.Header == "":
		return "write header: NAME and networks: [NETWORK] as well", "groups are believed of somebody who is named alone"
	case a.GroupsHeader != "" && a.Visible == nil:
		return "write visible: [{group: NAME, apps: [PATTERN]}] as well", "groups that see nothing else than others are asked for in vain"
	case a.Visible != nil && !a.Asks():
		return "write header: or client_ca_file: as well", "nobody is asked who looks, so nobody has a group"
	case a.Visible != nil && a.Header != "" && a.GroupsHeader == "":
		return "write groups_header: NAME as well, such as X-Forwarded-Groups", "the proxy does not say in which groups somebody is, so all it lets in would see nothing"
	}
	return "", ""
}

// visible reads what each group sees. A list that is there and empty shows nothing to anybody.
func (s *source) visible(o object) []Visibility {
	if _, written := o.v.field("visible"); !written {
		return nil
	}
	out := []Visibility{}
	items, path := o.list("visible")
	for i, item := range items {
		inner, ok := s.object(item, visibleShape, at(path, i))
		if !ok {
			continue
		}
		one := Visibility{Group: inner.text("group"), Projects: s.narrowed(inner, "projects")}
		apps, err := ParsePatterns(inner.texts("apps"))
		if v, path := inner.get("apps"); v != nil && (err != nil || len(apps) == 0) {
			s.badValue(v, path, `write apps: ["**"] for every app, or patterns of whole names such as payments/**`, "it matches no app")
		}
		one.Apps = apps
		for _, name := range s.narrowed(inner, "stages") {
			one.Stages = append(one.Stages, StageName(name))
		}
		out = append(out, one)
	}
	return out
}

// narrowed reads the names that a group's sight is narrowed to; none are every one, so that a list that is written and names none
// would show all where its writer meant nothing.
func (s *source) narrowed(o object, name string) []string {
	out := o.texts(name)
	if m, written := o.v.field(name); written && len(out) == 0 {
		s.report(m.at, "bad-value", "name them, or leave out "+name+" for every one", args{"field": place(join(o.path, name)), "why": "it names none"})
	}
	return out
}
