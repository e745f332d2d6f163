#include "../qsfs_crypto.h"

#include "probe.h"

int main(void)
{
#include "crypto.inc"
    return 0;
}
