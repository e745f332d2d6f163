#include "../qsfs_linux.h"

#include "probe.h"

int main(void)
{
#include "linux.inc"
    return 0;
}
