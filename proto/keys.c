#include "keys.h"
#include <sodium.h>
#include <string.h>

#define CONTEXT         "tuydevic"
#define RECOVERY_PREFIX "TUYAUKEY:"
#define CHECK_SIZE      4

static void sign_key_derive(const struct tuy_secret *seed, uint8_t sk[64], uint8_t pk[32])
{
	int bad = crypto_sign_seed_keypair(pk, sk, seed->b);
	tuy_require(bad == 0);
}

/* The id-th signing key of a device. */
static void device_sign_key_derive(const struct tuy_secret *device_secret, uint64_t id,
                                   uint8_t sk[64], uint8_t pk[32])
{
	struct tuy_secret seed = tuy_kdf(device_secret, CONTEXT, id);
	sign_key_derive(&seed, sk, pk);
	sodium_memzero(&seed, sizeof seed);
}

/* The id-th X25519 key of a device. */
static void device_box_key_derive(const struct tuy_secret *device_secret, uint64_t id,
                                  uint8_t sk[32], uint8_t pk[32])
{
	struct tuy_secret secret = tuy_kdf(device_secret, CONTEXT, id);
	memcpy(sk, secret.b, sizeof secret.b);
	sodium_memzero(&secret, sizeof secret);
	int bad = crypto_scalarmult_base(pk, sk);
	tuy_require(bad == 0);
}

/* True if X25519 with some key, then with every key, gives an all-zero shared secret: a clamped
 * scalar is a multiple of 8, the order of the low-order points divides 8. */
static bool x25519_is_low_order(const uint8_t pk[32])
{
	static const uint8_t scalar[32] = { 8 };
	uint8_t shared[32];
	return crypto_scalarmult(shared, scalar, pk) != 0 || sodium_is_zero(shared, sizeof shared);
}

/* The 160 bytes before the signature. */
static struct tuy_bytes cert_signed(const struct tuy_cert *cert)
{
	return (struct tuy_bytes){ (const uint8_t *)cert, offsetof(struct tuy_cert, sig) };
}

/* The 4 bytes that tell a mistyped recovery key. */
static void recovery_check_fill(const struct tuy_secret *seed, uint8_t out[CHECK_SIZE])
{
	struct tuy_secret digest;
	int bad = crypto_generichash(digest.b, sizeof digest.b, seed->b, sizeof seed->b, NULL, 0);
	tuy_require(bad == 0);
	memcpy(out, digest.b, CHECK_SIZE);
	sodium_memzero(&digest, sizeof digest);
}

void tuy_device_keys_derive(const struct tuy_secret *device_secret, struct tuy_device_keys *keys)
{
	device_sign_key_derive(device_secret, 1, keys->sign_sk, keys->device.b);
	device_box_key_derive(device_secret, 2, keys->link_sk, keys->link_pk.b);
	device_box_key_derive(device_secret, 3, keys->box_sk, keys->box_pk.b);
	device_sign_key_derive(device_secret, 4, keys->letter_sk, keys->letter_pk.b);
	keys->checksum = tuy_kdf(device_secret, CONTEXT, 5);
}

void tuy_recovery_key_derive(const struct tuy_secret *seed, struct tuy_recovery_key *key)
{
	sign_key_derive(seed, key->sk, key->member.b);
}

struct tuy_cert tuy_cert_create(const struct tuy_recovery_key *key,
                                const struct tuy_device_keys *device)
{
	struct tuy_cert cert = {
		.member = key->member,
		.device = device->device,
		.link_pk = device->link_pk,
		.box_pk = device->box_pk,
		.letter_pk = device->letter_pk,
	};
	cert.sig = tuy_sign(key->sk, "tuyau cert v1", cert_signed(&cert), (struct tuy_bytes){ 0 });
	return cert;
}

enum tuy_err tuy_cert_check(const struct tuy_cert *cert)
{
	if (crypto_core_ed25519_is_valid_point(cert->member.b) != 1 ||
	    crypto_core_ed25519_is_valid_point(cert->device.b) != 1 ||
	    crypto_core_ed25519_is_valid_point(cert->letter_pk.b) != 1 ||
	    x25519_is_low_order(cert->link_pk.b) || x25519_is_low_order(cert->box_pk.b))
		return TUY_E_FORMAT;
	return tuy_verify(cert->member.b, "tuyau cert v1", cert_signed(cert),
	                  (struct tuy_bytes){ 0 }, &cert->sig);
}

void tuy_recovery_text(const struct tuy_secret *seed, char out[TUY_RECOVERY_TEXT])
{
	uint8_t bytes[sizeof seed->b + CHECK_SIZE];
	memcpy(bytes, seed->b, sizeof seed->b);
	recovery_check_fill(seed, bytes + sizeof seed->b);
	memcpy(out, RECOVERY_PREFIX, sizeof RECOVERY_PREFIX - 1);
	tuy_base32_encode(TUY_BYTES(bytes), out + sizeof RECOVERY_PREFIX - 1);
	sodium_memzero(bytes, sizeof bytes);
}

enum tuy_err tuy_recovery_parse(struct tuy_bytes text, struct tuy_secret *seed)
{
	uint8_t bytes[sizeof seed->b + CHECK_SIZE], check[CHECK_SIZE];
	struct tuy_secret read;
	size_t len = 0;
	enum tuy_err err = TUY_E_FORMAT;
	if (tuy_base32_prefix(&text, RECOVERY_PREFIX) == TUY_OK &&
	    tuy_base32_decode(text, bytes, sizeof bytes, &len) == TUY_OK && len == sizeof bytes) {
		memcpy(read.b, bytes, sizeof read.b);
		recovery_check_fill(&read, check);
		if (sodium_memcmp(check, bytes + sizeof read.b, CHECK_SIZE) == 0) {
			*seed = read;
			err = TUY_OK;
		}
		sodium_memzero(&read, sizeof read);
	}
	sodium_memzero(bytes, sizeof bytes);
	return err;
}
