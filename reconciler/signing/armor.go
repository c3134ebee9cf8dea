package signing

import (
	"bytes"
	"encoding/base64"
)

// armor is one of the texts that signatures are written in. Only the exact bytes that the reference program writes are
// accepted: each line but the last of full width, no headers, nothing before or after.
type armor struct {
	begin, end string
	width      int
	checksum   bool // a line with the CRC-24 of RFC 4880 follows the data
}

var (
	sshArmor = armor{ // ssh-keygen -Y sign
		begin: "-----BEGIN SSH SIGNATURE-----\n",
		end:   "-----END SSH SIGNATURE-----\n",
		width: 70,
	}
	openpgpArmor = armor{ // gpg --detach-sign --armor
		begin:    "-----BEGIN PGP SIGNATURE-----\n\n",
		end:      "-----END PGP SIGNATURE-----\n",
		width:    64,
		checksum: true,
	}
)

const x509Begin = "-----BEGIN SIGNED MESSAGE-----\n"

var armorBegin = []byte("-----BEGIN ")

// write returns data in the armor.
func (a armor) write(data []byte) []byte {
	text := base64.StdEncoding.EncodeToString(data)
	var out bytes.Buffer
	out.Grow(len(a.begin) + len(text) + len(text)/a.width + len(a.end) + 8)
	out.WriteString(a.begin)
	for len(text) > 0 {
		n := min(len(text), a.width)
		out.WriteString(text[:n])
		out.WriteByte('\n')
		text = text[n:]
	}
	if a.checksum {
		sum := crc24(data)
		out.WriteByte('=')
		out.WriteString(base64.StdEncoding.EncodeToString([]byte{byte(sum >> 16), byte(sum >> 8), byte(sum)}))
		out.WriteByte('\n')
	}
	out.WriteString(a.end)
	return out.Bytes()
}

// read returns the data in the armor, if writing it gives the same text again.
func (a armor) read(text []byte) ([]byte, bool) {
	inner, found := bytes.CutPrefix(text, []byte(a.begin))
	if !found {
		return nil, false
	}
	if inner, found = bytes.CutSuffix(inner, []byte(a.end)); !found {
		return nil, false
	}
	if a.checksum {
		i := bytes.LastIndex(inner, []byte("\n="))
		if i < 0 {
			return nil, false
		}
		inner = inner[:i]
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(inner)))
	n, err := base64.StdEncoding.Decode(data, inner) // skips newlines; written again below
	if err != nil || !bytes.Equal(a.write(data[:n]), text) {
		return nil, false
	}
	return data[:n], true
}

func crc24(data []byte) uint32 {
	crc := uint32(0xb704ce)
	for _, b := range data {
		crc ^= uint32(b) << 16
		for range 8 {
			crc <<= 1
			if crc&0x1000000 != 0 {
				crc ^= 0x1864cfb
			}
		}
	}
	return crc & 0xffffff
}
