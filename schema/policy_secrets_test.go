package schema_test

import (
	"testing"

	"github.com/sluice-gitops/sluice/schema"
)

func TestNamesSecret(t *testing.T) {
	for key, want := range map[string]bool{
		"password": true, "DB_PASSWORD": true, "dbPassword": true, "apiKey": true, "API-KEY": true, "stripe_api_key": true, "aws.secretAccessKey": true,
		"auth_token": true, "authtoken": true, "pwd": true, "client-secret": true, "PASSWD": true,
		"dbpassword": true, "clientsecret": true, "refreshtoken": true, "sshpassphrase": true,
		"passwort": true, "db_passwort": true, "Kennwort": true, "contraseña": true, "mot_de_passe": true, "motDePasse": true, "senha": true, "密码": true, "数据库密码": true, "пароль": true, "пароль_url": false,
		"pin": true, "cardPin": true, "PIN": true, "ping": false, "mapping": false, "pinned": false, "pin_count": false, "senhaFile": false,
		"tokenTTL": false, "tokenURL": false, "maxTokenAge": false, "token_limit": false, "passwordField": false,
		"secretName": false, "secret_file": false, "tokenLifetime": false, "TOKEN_TTL": false, "tokenUrl": false, "passwordPolicy": false,
		"key": false, "maxTokens": false, "tokenizer": false, "compass": false, "bypass": false, "": false, "limit": false,
	} {
		if got := schema.NamesSecret(key); got != want {
			t.Errorf("%q: got %v, want %v", key, got, want)
		}
	}
}
