package signing

import (
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"

	"github.com/sluice-gitops/sluice/schema"
)

// SafeSHA1 lets tests hash what is no commit: nobody has made two commits collide yet.
var SafeSHA1 = safeSHA1

// ParseAllowedSigner lets a fuzz target at the lines of gpg.ssh.allowedSignersFile.
func ParseAllowedSigner(line string) error {
	_, err := parseAllowedSigner(line)
	return err
}

// Unarmor and Armor let tests change what is inside an armor.
func Unarmor(text []byte) ([]byte, bool) {
	if data, ok := sshArmor.read(text); ok {
		return data, true
	}
	return openpgpArmor.read(text)
}

func Armor(openpgp bool, data []byte) []byte {
	if openpgp {
		return openpgpArmor.write(data)
	}
	return sshArmor.write(data)
}

// ReadOpenPGPSignature reads what is inside an OpenPGP armor.
func ReadOpenPGPSignature(data []byte) (*packet.Signature, schema.Code) {
	sig, code, _ := readSignature(data)
	return sig, code
}

// ParseSSHSIG reads what is inside an SSH armor.
func ParseSSHSIG(blob []byte) (*sshsig.Signature, schema.Code) {
	sig, f, ok := parseSSHSIG(blob, finding{})
	if ok {
		return sig, CodeOK
	}
	return nil, f.code
}
