#!/bin/sh
# make-certs.sh FOLDER: an authority and a certificate for the bench portal, and
# bundle.pem, the system's certificates with that authority: what every client loads.
set -eu
cd "$1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Bench authority" \
    -keyout ca-key.pem -out ca.pem 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=portal.bench.test" -keyout key.pem -out req.pem 2>/dev/null
printf 'subjectAltName=DNS:portal.bench.test,DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' >ext
openssl x509 -req -in req.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 30 -extfile ext -out cert.pem 2>/dev/null
cat /etc/ssl/certs/ca-certificates.crt ca.pem >bundle.pem
