/* Every node checks every signature, and here all nodes are in one process: what was found good
 * once is looked up. Linked in by --wrap, in tuyau-sim only. */
#include <sodium.h>
#include <string.h>

#define MEMO_SLOTS 262144

/* The linker gives these names. */
int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long len, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long len, const unsigned char *pk);

int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long len, const unsigned char *pk)
{
	static uint8_t good[MEMO_SLOTS][16];
	crypto_generichash_state state;
	uint8_t key[16];
	uint32_t slot;

	crypto_generichash_init(&state, NULL, 0, sizeof key);
	crypto_generichash_update(&state, sig, crypto_sign_BYTES);
	crypto_generichash_update(&state, pk, crypto_sign_PUBLICKEYBYTES);
	crypto_generichash_update(&state, m, len);
	crypto_generichash_final(&state, key, sizeof key);
	memcpy(&slot, key, sizeof slot);
	slot %= MEMO_SLOTS;
	if (memcmp(good[slot], key, sizeof key) == 0)
		return 0;
	if (__real_crypto_sign_verify_detached(sig, m, len, pk) != 0)
		return -1;
	memcpy(good[slot], key, sizeof key);
	return 0;
}
