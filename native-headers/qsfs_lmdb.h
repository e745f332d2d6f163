/* What jextract sees of LMDB. */
#include <lmdb.h>
