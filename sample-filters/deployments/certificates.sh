#!/bin/sh
# Makes an authority and two certificates for trying things out, in the folder `certificates` beside this file: `server`
# (for server.test and 127.0.0.1) and `client`. Needs openssl.
set -eu
mkdir -p "$(dirname "$0")/certificates"
cd "$(dirname "$0")/certificates"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
  -subj "/CN=sample authority" -keyout ca-key.pem -out ca-cert.pem 2>/dev/null

make() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -subj "/CN=$1" -keyout "$1-key.pem" -out "$1.csr" 2>/dev/null
  printf 'subjectAltName=%s\n' "$2" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 365 \
    -extfile "$1.ext" -out "$1-cert.pem" 2>/dev/null
  rm "$1.csr" "$1.ext"
}

make server DNS:server.test,IP:127.0.0.1
make client URI:spiffe://sample/outer-proxy
