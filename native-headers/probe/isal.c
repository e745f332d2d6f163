#include "../qsfs_isal.h"

#include "probe.h"

int main(void)
{
#include "isal.inc"
    return 0;
}
