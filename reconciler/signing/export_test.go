package signing

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
