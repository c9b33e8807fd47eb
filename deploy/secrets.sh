#!/bin/sh
# Makes the secrets docker-compose.yml names, once; what exists is left alone.
# The EHR's and the SMS provider's secrets are theirs to give: put them in the files.
set -eu
umask 077
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
cd "$folder"

random() { openssl rand -hex 32; }
keep() { [ -s "$1" ] || cat >"$1"; }

random | keep database-password
printf '{"reminder-key-ring": 1, "keys": {"1": "%s"}}\n' \
  "$(openssl rand -base64 32 | tr '+/' '-_')" | keep key-ring
echo put-the-client-secret-of-your-EHR-here | keep ehr-secret
echo put-the-auth-token-of-your-SMS-account-here | keep twilio-token

if [ ! -s relay-certificate.pem ]; then
  # A small authority of our own: the nodes trust it, and only it, for the relay.
  openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Reminder relay authority" \
    -addext "basicConstraints=critical,CA:TRUE" -keyout relay-ca-key.pem -out relay-ca.pem 2>/dev/null
  openssl req -newkey rsa:3072 -nodes -subj "/CN=relay" \
    -keyout relay-key.pem -out relay.csr 2>/dev/null
  printf 'subjectAltName=DNS:relay\nextendedKeyUsage=serverAuth\n' >relay.ext
  openssl x509 -req -in relay.csr -CA relay-ca.pem -CAkey relay-ca-key.pem -CAcreateserial \
    -days 3650 -extfile relay.ext -out relay-certificate.pem 2>/dev/null
  rm -f relay.csr relay.ext
fi
# The containers' users read them; nobody else on this host can enter the folder.
chmod 0644 ./*
chmod 0600 relay-ca-key.pem
