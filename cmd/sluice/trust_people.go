package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-gitops/sluice/schema"
)

// trustAdd is what trust add gives a person.
type trustAdd struct {
	trustFlags
	keyFlags
	name                       string
	roles, apps, emails, forge []string
	root                       bool
}

func (a *app) trustAddCommand(shared *trustFlags) *cobra.Command {
	var f trustAdd
	c := &cobra.Command{
		Use: "add PERSON", Short: "Add a person, or keys, roles and accounts to one", Args: cobra.ExactArgs(1),
		Long: `add prepares the next trust version with a person in it, or gives more to one who is there. PERSON is an id of lower-case
letters, digits and hyphens. Who owns a new key has to show it: at once with --sign-with where the private half is at hand,
else with sluice trust prove, or, for a new root, by signing the version with it.`,
		Example: `  sluice trust add bob --name "Bob Lee" --key bob.pub --role author --role approver:production
  sluice trust add bob --forge gitlab.example.com:42
  sluice trust add carol --key carol.pub --root --role admin`,
		RunE: func(c *cobra.Command, args []string) error {
			f.trustFlags = *shared
			return a.changeTrust(c.Context(), f.trustFlags, func(d *trustDesk, t *schema.Trust) error { return d.add(c.Context(), f, args[0], t) })
		},
	}
	flags := c.Flags()
	f.keyFlags.add(c)
	flags.StringVar(&f.name, "name", "", "the person's `NAME`, for people to read")
	flags.StringArrayVar(&f.roles, "role", nil, "`ROLE` to give: root, admin, author, approver:STAGE, release or bot; may be repeated")
	flags.StringArrayVar(&f.apps, "apps", nil, "limit these roles to apps by `PATTERN`; may be repeated")
	flags.BoolVar(&f.root, "root", false, "the same as --role root: the person signs changes of the trust directory")
	flags.StringArrayVar(&f.forge, "forge", nil, "`HOST:ID` of an account there, by its number; may be repeated")
	flags.StringArrayVar(&f.emails, "email", nil, "`ADDRESS` that commits may name the person by; may be repeated")
	return c
}

// add gives the person what the flags say.
func (d *trustDesk) add(ctx context.Context, f trustAdd, id string, t *schema.Trust) error {
	if err := schema.CheckSegment(id); err != nil {
		return &failure{code: exitUsage, err: fmt.Errorf("%q is no id of a person: want lower-case letters, digits and inner hyphens", id), hint: "sluice trust add " + orText(personID(id), "bob") + " --name ..."}
	}
	i := personAt(t, id)
	if i < 0 {
		t.Principals = append(t.Principals, schema.Principal{ID: id})
		slices.SortFunc(t.Principals, func(a, b schema.Principal) int { return strings.Compare(a.ID, b.ID) })
		i = personAt(t, id)
	}
	p := &t.Principals[i]
	if f.name != "" {
		p.Name = f.name
	}
	p.Emails = appendNew(p.Emails, f.emails...)
	for _, text := range f.forge {
		account, err := parseAccount(text)
		if err != nil {
			return err
		}
		p.Forge = appendNew(p.Forge, account)
	}
	if f.root && !slices.Contains(f.roles, string(schema.RoleRoot)) {
		f.roles = append(f.roles, string(schema.RoleRoot))
	}
	for _, text := range f.roles {
		giveRole(t, p, parseRole(text, f.apps))
	}
	if len(f.apps) > 0 && len(f.roles) == 0 {
		return usageError(errors.New("--apps limits roles: give them with --role"))
	}
	return d.addKeys(ctx, f.keyFlags, id, t)
}

func personAt(t *schema.Trust, id string) int {
	return slices.IndexFunc(t.Principals, func(p schema.Principal) bool { return p.ID == id })
}

// findPerson is an error where there is nobody of that id, with who was probably meant.
func findPerson(t *schema.Trust, id string) (int, error) {
	i := personAt(t, id)
	if i >= 0 {
		return i, nil
	}
	ids := texts(t.Principals, func(p schema.Principal) string { return p.ID })
	hint := schema.DidYouMean(id, ids)
	if hint == "" {
		hint = "people: " + strings.Join(ids, ", ")
	}
	return i, &failure{code: exitUsage, err: fmt.Errorf("there is no person %q in the trust directory", id), hint: hint}
}

func appendNew[T comparable](have []T, more ...T) []T {
	for _, item := range more {
		if !slices.Contains(have, item) {
			have = append(have, item)
		}
	}
	return have
}

// parseAccount reads gitlab.example.com:42; a port may stand before the number.
func parseAccount(text string) (schema.ForgeAccount, error) {
	i := strings.LastIndex(text, ":")
	if i > 0 {
		if id, err := strconv.ParseInt(text[i+1:], 10, 64); err == nil && id > 0 {
			return schema.ForgeAccount{Host: text[:i], UserID: id}, nil
		}
	}
	return schema.ForgeAccount{}, &failure{code: exitUsage, err: fmt.Errorf("--forge %q: want HOST:ID, as gitlab.example.com:42", text),
		hint: "the number is on the person's profile page; a name can be given to somebody else"}
}

// parseRole takes approver:production apart; whether there is such a role the loader says.
func parseRole(text string, apps []string) schema.Role {
	name, stage, _ := strings.Cut(text, ":")
	r := schema.Role{Name: schema.RoleName(name), Stage: schema.StageName(stage)}
	if r.Name != schema.RoleRoot && r.Name != schema.RoleAdmin {
		r.Apps = apps
	}
	return r
}

// giveRole gives a role in place of the same one with other apps. A root is named in root.yaml as well.
func giveRole(t *schema.Trust, p *schema.Principal, role schema.Role) {
	if role.Name == schema.RoleRoot {
		t.Root.Roots = appendNew(t.Root.Roots, p.ID)
	}
	for i, r := range p.Roles {
		if r.String() == role.String() {
			p.Roles[i] = role
			return
		}
	}
	p.Roles = append(p.Roles, role)
}

// dropRole takes a role away, whatever apps it is limited to.
func dropRole(t *schema.Trust, p *schema.Principal, text string) error {
	i := slices.IndexFunc(p.Roles, func(r schema.Role) bool { return r.String() == text })
	if i < 0 {
		have := texts(p.Roles, schema.Role.String)
		return &failure{code: exitUsage, err: fmt.Errorf("%s has not the role %q", p.ID, text), hint: orText(schema.DidYouMean(text, have), p.ID+" has "+rolesText(p.Roles))}
	}
	p.Roles = slices.Delete(p.Roles, i, i+1)
	if text == string(schema.RoleRoot) {
		t.Root.Roots = slices.DeleteFunc(t.Root.Roots, func(id string) bool { return id == p.ID })
	}
	return nil
}

func (a *app) trustRemoveCommand(shared *trustFlags) *cobra.Command {
	var roles []string
	c := &cobra.Command{
		Use: "remove PERSON", Short: "Take all roles, accounts and keys of a person, or some roles", Args: cobra.ExactArgs(1),
		Long: `remove takes away every role and account of a person and revokes the keys (retired), in the next trust version. The
person stays listed, without power, so that an audit can tell whose the keys were; removed once more in a later version, a
person whose keys are all revoked leaves the directory. With --role it takes away these roles alone.`,
		Example: `  sluice trust remove bob
  sluice trust remove bob --role approver:production`,
		RunE: func(c *cobra.Command, args []string) error {
			return a.changeTrust(c.Context(), *shared, func(d *trustDesk, t *schema.Trust) error { return d.remove(args[0], roles, t) })
		},
	}
	c.Flags().StringArrayVar(&roles, "role", nil, "`ROLE` to take away and no other; may be repeated")
	return c
}

func (d *trustDesk) remove(id string, roles []string, t *schema.Trust) error {
	i, err := findPerson(t, id)
	if err != nil {
		return err
	}
	p := &t.Principals[i]
	for _, role := range roles {
		if err := dropRole(t, p, role); err != nil {
			return err
		}
	}
	if len(roles) > 0 {
		return nil
	}
	if d.mayLeave(id) {
		t.Principals = slices.Delete(t.Principals, i, i+1)
		t.Keys = slices.DeleteFunc(t.Keys, func(k schema.Key) bool { return k.Principal == id })
		t.Root.Roots = slices.DeleteFunc(t.Root.Roots, func(root string) bool { return root == id })
		return nil
	}
	p.Roles, p.Forge = nil, nil
	t.Root.Roots = slices.DeleteFunc(t.Root.Roots, func(root string) bool { return root == id })
	for i := range t.Keys {
		if t.Keys[i].Principal == id && t.Keys[i].Revoked == nil {
			t.Keys[i].Revoked = &schema.Revocation{Reason: "retired", At: seconds(now())}
		}
	}
	// A key that is new in this version never counted, so nothing is lost with it.
	t.Keys = slices.DeleteFunc(t.Keys, func(k schema.Key) bool { return k.Principal == id && !d.inForceHas(k) })
	return nil
}

// mayLeave reports whether nothing of the person counts in the version in force: then no trace has to stay, unless a key was
// stolen.
func (d *trustDesk) mayLeave(id string) bool {
	old := d.inForce()
	p, known := old.Principal(id)
	if known && len(p.Roles) > 0 {
		return false
	}
	return !slices.ContainsFunc(old.Keys, func(k schema.Key) bool {
		return k.Principal == id && (k.Revoked == nil || k.Revoked.Reason == "compromised")
	})
}

func (d *trustDesk) inForceHas(k schema.Key) bool {
	return slices.ContainsFunc(d.inForce().Keys, func(other schema.Key) bool {
		return other.Principal == k.Principal && fingerprintOf(other) == fingerprintOf(k)
	})
}
