/* What jextract sees of ISA-L. */
#include <isa-l/crc.h>
#include <isa-l/erasure_code.h>
