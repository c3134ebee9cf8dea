package provider

// What tests of package provider_test ask directly.

func VerifyHead(h Head, keys Keys) error { return h.verify(keys) }

func LoadOptions(getenv func(string) string, namespace, name string) (Options, error) {
	return loadOptions(getenv, namespace, name)
}
