/* Codes, ciphers, checksums and compression. */
#include "roofs.h"

#include <isa-l.h>
#include <lz4.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_BYTES 12
#define TAG_BYTES 16
#define TABLE_BYTES 32
/* GCM allows one message just under 64 GiB; a new one is begun well before. */
#define MESSAGE_BYTES_MAX (INT64_C(1) << 35)

enum { PASS_SEAL, PASS_GMAC, PASS_CRC };

unsigned char *roof_rs_tables(int k, int rows)
{
    unsigned char *matrix = malloc((size_t)(k + rows) * k);
    unsigned char *tables = aligned_alloc(64, ((size_t)TABLE_BYTES * k * rows + 63) / 64 * 64);
    if (matrix != NULL && tables != NULL) {
        gf_gen_cauchy1_matrix(matrix, k + rows, k);
        ec_init_tables(k, rows, matrix + k * k, tables);
    }
    free(matrix);
    return tables;
}

int64_t roof_rs(int bytes, int k, int rows, unsigned char *tables, unsigned char **from, unsigned char **to, int64_t loops)
{
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops; i++)
        ec_encode_data(bytes, k, rows, tables, from, to);
    return now_ns() - begin;
}

/* A context with its key; NULL when libcrypto refuses. */
static EVP_CIPHER_CTX *keyed(const unsigned char *key, int encrypting)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL && EVP_CipherInit_ex(context, EVP_aes_256_gcm(), NULL, key, NULL, encrypting) != 1) {
        EVP_CIPHER_CTX_free(context);
        context = NULL;
    }
    return context;
}

int64_t roof_gcm_speed(const unsigned char *key, unsigned char *text, int bytes, int64_t loops)
{
    unsigned char nonce[NONCE_BYTES] = {0};
    EVP_CIPHER_CTX *context = keyed(key, 1);
    int64_t in_message = MESSAGE_BYTES_MAX;
    int produced, ok = context != NULL;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && ok; i++, in_message += bytes) {
        if (in_message >= MESSAGE_BYTES_MAX) {
            ok = EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce);
            in_message = 0;
        }
        ok &= EVP_EncryptUpdate(context, text, &produced, text, bytes);
    }
    int64_t taken = now_ns() - begin;
    EVP_CIPHER_CTX_free(context);
    return ok ? taken : -EIO;
}

static int seal(EVP_CIPHER_CTX *context, uint64_t number, const unsigned char *aad, int aad_bytes, const unsigned char *plain,
                unsigned char *sealed, int bytes)
{
    unsigned char nonce[NONCE_BYTES] = {0};
    int produced;
    memcpy(nonce, &number, sizeof number);
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
        && EVP_EncryptUpdate(context, NULL, &produced, aad, aad_bytes) == 1
        && EVP_EncryptUpdate(context, sealed, &produced, plain, bytes) == 1
        && EVP_EncryptFinal_ex(context, sealed + bytes, &produced) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, sealed + bytes) == 1;
}

static int authenticate(EVP_CIPHER_CTX *context, uint64_t number, const unsigned char *data, int bytes, unsigned char *tag)
{
    unsigned char nonce[NONCE_BYTES] = {0};
    int produced;
    memcpy(nonce, &number, sizeof number);
    return EVP_EncryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
        && EVP_EncryptUpdate(context, NULL, &produced, data, bytes) == 1
        && EVP_EncryptFinal_ex(context, tag, &produced) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, tag) == 1;
}

int64_t roof_gcm_seal(const unsigned char *key, const unsigned char *aad, int aad_bytes, const unsigned char *plain,
                      unsigned char *sealed, int bytes, int64_t loops)
{
    EVP_CIPHER_CTX *context = keyed(key, 1);
    int ok = context != NULL;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && ok; i++)
        ok = seal(context, i, aad, aad_bytes, plain, sealed, bytes);
    int64_t taken = now_ns() - begin;
    EVP_CIPHER_CTX_free(context);
    return ok ? taken : -EIO;
}

int64_t roof_gcm_open(const unsigned char *key, const unsigned char *aad, int aad_bytes, unsigned char *sealed,
                      unsigned char *plain, int bytes, int64_t loops)
{
    unsigned char nonce[NONCE_BYTES] = {0};
    EVP_CIPHER_CTX *sealing = keyed(key, 1);
    EVP_CIPHER_CTX *context = keyed(key, 0);
    int produced;
    int ok = sealing != NULL && context != NULL && seal(sealing, 0, aad, aad_bytes, plain, sealed, bytes);
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && ok; i++) {
        ok = EVP_DecryptInit_ex(context, NULL, NULL, NULL, nonce) == 1
            && EVP_DecryptUpdate(context, NULL, &produced, aad, aad_bytes) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, sealed + bytes) == 1
            && EVP_DecryptUpdate(context, plain, &produced, sealed, bytes) == 1
            && EVP_DecryptFinal_ex(context, plain + bytes, &produced) == 1;
    }
    int64_t taken = now_ns() - begin;
    EVP_CIPHER_CTX_free(sealing);
    EVP_CIPHER_CTX_free(context);
    return ok ? taken : -EIO;
}

int64_t roof_gmac(const unsigned char *key, const unsigned char *data, int bytes, unsigned char *tag, int64_t loops)
{
    EVP_CIPHER_CTX *context = keyed(key, 1);
    int ok = context != NULL;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && ok; i++)
        ok = authenticate(context, i, data, bytes, tag);
    int64_t taken = now_ns() - begin;
    EVP_CIPHER_CTX_free(context);
    return ok ? taken : -EIO;
}

/* What every loop computes ends here, or the compiler would leave the loop out. */
static volatile unsigned int sink;

int64_t roof_crc32c(unsigned char *data, int bytes, int64_t loops)
{
    unsigned int sum = 0;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops; i++)
        sum ^= crc32_iscsi(data, bytes, ~0u);
    int64_t taken = now_ns() - begin;
    sink = sum;
    return taken;
}

int64_t roof_lz4(const char *plain, int bytes, char *packed, int room, int64_t loops)
{
    int produced = 1;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && produced > 0; i++)
        produced = LZ4_compress_default(plain, packed, bytes, room);
    return produced > 0 ? now_ns() - begin : -EIO;
}

int64_t roof_unlz4(const char *packed, int packed_bytes, char *plain, int bytes, int64_t loops)
{
    int produced = bytes;
    int64_t begin = now_ns();
    for (int64_t i = 0; i < loops && produced == bytes; i++)
        produced = LZ4_decompress_safe(packed, plain, packed_bytes, bytes);
    return produced == bytes ? now_ns() - begin : -EIO;
}

int64_t roof_pass(int what, const unsigned char *key, unsigned char *from, unsigned char *to, int64_t bytes, int step)
{
    unsigned char aad[104] = {0};
    unsigned char tag[TAG_BYTES];
    EVP_CIPHER_CTX *context = keyed(key, 1);
    int ok = context != NULL;
    unsigned int sum = 0;
    int64_t begin = now_ns();
    for (int64_t at = 0, number = 0; at < bytes && ok; at += step, number++) {
        int length = bytes - at < step ? (int)(bytes - at) : step;
        if (what == PASS_SEAL)
            ok = seal(context, number, aad, sizeof aad, from + at, to + at + number * TAG_BYTES, length);
        else if (what == PASS_GMAC)
            ok = authenticate(context, number, from + at, length, tag);
        else
            sum ^= crc32_iscsi(from + at, length, ~0u);
    }
    int64_t taken = now_ns() - begin;
    sink = sum;
    EVP_CIPHER_CTX_free(context);
    return ok ? taken : -EIO;
}
