package readers_test

import (
	"bytes"
	"testing"

	"github.com/knadh/koanf/parsers/json"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/viper"

	"github.com/sluice-gitops/sluice/examples/readers"
	"github.com/sluice-gitops/sluice/reconciler/provider"
)

// BenchmarkRead reads one number with the provider, with koanf and with viper, of the same configuration.
func BenchmarkRead(b *testing.B) {
	p, err := provider.Open(b.Context(), readers.Options("pay.json", "log_keys"))
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	type config struct {
		Server struct {
			Port int `sluice:"port"`
		} `sluice:"server"`
	}
	bound, err := provider.Bind[config](p)
	if err != nil {
		b.Fatal(err)
	}
	text, _ := p.Snapshot().JSON("app.yaml")
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(text), json.Parser()); err != nil {
		b.Fatal(err)
	}
	v := viper.New()
	v.SetConfigType("json")
	if err := v.ReadConfig(bytes.NewReader(text)); err != nil {
		b.Fatal(err)
	}
	each := map[string]float64{}
	for _, row := range []struct {
		name string
		read func() int
	}{
		{"koanf", func() int { return k.Int("server.port") }},
		{"viper", func() int { return v.GetInt("server.port") }},
		{"provider", func() int { return bound.Load().Server.Port }},
		{"provider, by key", func() int {
			n, err := provider.Get[int](p.Snapshot(), "app.yaml", "server", "port")
			if err != nil {
				b.Fatal(err)
			}
			return n
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if row.read() != 8080 {
					b.Fatal("another port")
				}
			}
			each[row.name] = float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			if row.name != "koanf" && row.name != "viper" {
				b.ReportMetric(each[row.name]/each["koanf"], "x-koanf")
				b.ReportMetric(each[row.name]/each["viper"], "x-viper")
			}
		})
	}
}
