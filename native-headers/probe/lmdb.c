#include "../qsfs_lmdb.h"

#include "probe.h"

int main(void)
{
#include "lmdb.inc"
    return 0;
}
