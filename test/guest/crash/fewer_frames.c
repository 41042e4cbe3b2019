/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into xl for a dump: libxenguest asks this for the number of a guest's frames and tries
 * them one by one. A PVH guest has frames right below 4 GiB, a million frames from its memory, and
 * under TCG the tries take minutes. The answer here, 5 MiB, is more than the guest's memory.
 */
int xc_domain_nr_gpfns(void *handle, unsigned int domain, unsigned long *frames);

int xc_domain_nr_gpfns(void *handle, unsigned int domain, unsigned long *frames)
{
    (void)handle;
    (void)domain;
    *frames = 1280;
    return 0;
}
