/*
 * What a probe prints: one key=value a line, which AbiDriftTest compares with what the bindings hold. The test writes the
 * file NAME.inc that each probe includes: a line for every constant, struct and field that the bindings know.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define CONSTANT(name) printf("constant %s=%lld\n", #name, (long long)(name))
#define STRUCT(label, type) printf("sizeof %s=%zu\n", label, sizeof(type))
#define FIELD(label, type, field)                                             \
    do {                                                                      \
        printf("offsetof %s.%s=%zu\n", label, #field, offsetof(type, field)); \
        printf("sizeof %s.%s=%zu\n", label, #field, sizeof(((type *)0)->field)); \
    } while (0)

/* A bit-field has no address: set it alone and look which bit of which byte it was. */
#define BIT(label, type, field)                                            \
    do {                                                                   \
        type probe;                                                        \
        memset(&probe, 0, sizeof probe);                                   \
        probe.field = 1;                                                   \
        for (size_t at = 0; at < sizeof probe; at++) {                     \
            unsigned char byte = ((unsigned char *)&probe)[at];            \
            if (byte != 0)                                                 \
                printf("bit %s.%s=%zu:%u\n", label, #field, at, byte);     \
        }                                                                  \
    } while (0)
