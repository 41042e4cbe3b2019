/* SPDX-License-Identifier: MIT */
/*
 * A QEMU plugin that counts what the whole machine executes, between two marks (mark.c).
 *
 * QEMU translates code in blocks, each with one entry. Each time a block runs it is counted for the
 * one of three parties that it runs for: nobody but the host (0), a guest (1), or Xen because a
 * guest has left for it (2). VMRUN enters a guest; the guest has left when the instruction behind
 * VMRUN runs; and Xen works on its behalf until something other than Xen runs on the host.
 *
 * At the end mark a file OUT.N gets a line for each block: party, address, instructions, times. One
 * virtual CPU is counted right. An exception in the middle of a block counts the rest of it too.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* QEMU's plugin interface, version 1, as far as it is used here: Debian has no header for it. */
#define EXPORT __attribute__((visibility("default")))
#define NO_REGISTERS 0

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t plugin_id;
typedef void (*translated)(plugin_id id, struct qemu_plugin_tb *block);
typedef void (*executed)(unsigned int cpu, void *argument);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, executed call,
                                          int registers, void *argument);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, executed call,
                                            int registers, void *argument);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = 1;

/* Xen's part of the address space, by the ABI of PV guests. */
#define XEN_START 0xffff800000000000u
#define XEN_END 0xffff880000000000u

enum party { HOST, GUEST, XEN_FOR_GUEST, PARTIES };

struct block {
    struct block *next;
    uint64_t address;
    size_t instructions;
    bool xen;
    uint64_t times[PARTIES];
};

static struct block *blocks;
static enum party party;
static uint64_t behind_vmrun; /* where a guest comes back; 0: none has run yet */
static bool counting;
static const char *out;

static void block_runs(unsigned int cpu, void *argument)
{
    struct block *block = argument;

    (void)cpu;
    if (block->address == behind_vmrun)
        party = XEN_FOR_GUEST;
    else if (party == XEN_FOR_GUEST && !block->xen)
        party = HOST;
    if (counting)
        block->times[party]++;
}

static void guest_enters(unsigned int cpu, void *argument)
{
    (void)cpu;
    behind_vmrun = (uintptr_t)argument;
    party = GUEST;
}

static void begin(unsigned int cpu, void *argument)
{
    (void)cpu;
    (void)argument;
    for (struct block *block = blocks; block; block = block->next)
        memset(block->times, 0, sizeof(block->times));
    counting = true;
}

static void end(unsigned int cpu, void *argument)
{
    static unsigned int number;
    char name[4096];
    FILE *file;

    (void)cpu;
    (void)argument;
    if (!counting)
        return;
    counting = false;
    snprintf(name, sizeof(name), "%s.%u", out, number++);
    file = fopen(name, "w");
    if (!file)
        return;
    for (struct block *block = blocks; block; block = block->next)
        for (int i = 0; i < PARTIES; i++)
            if (block->times[i])
                fprintf(file, "%d %" PRIx64 " %zu %" PRIu64 "\n", i, block->address,
                        block->instructions, block->times[i]);
    fclose(file);
}

/* Instructions that mean something here; the marks are no-operations with a word of their own. */
static const struct {
    const char *code;
    size_t size;
    executed call;
} special[] = {
    { "\x0f\x01\xd8", 3, guest_enters },
    { "\x0f\x1f\x80on  ", 7, begin },
    { "\x0f\x1f\x80off ", 7, end },
};

static void look_at(struct qemu_plugin_insn *instruction)
{
    size_t size = qemu_plugin_insn_size(instruction);
    uint64_t behind = qemu_plugin_insn_vaddr(instruction) + size;

    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (size == special[i].size &&
            memcmp(qemu_plugin_insn_data(instruction), special[i].code, size) == 0)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, special[i].call, NO_REGISTERS,
                                                   (void *)(uintptr_t)behind);
}

/* What QEMU translates again gets a second counter; they are added up by address later. */
static void translate(plugin_id id, struct qemu_plugin_tb *translation)
{
    struct block *block = calloc(1, sizeof(*block));

    (void)id;
    if (!block)
        abort();
    block->address = qemu_plugin_tb_vaddr(translation);
    block->instructions = qemu_plugin_tb_n_insns(translation);
    block->xen = block->address >= XEN_START && block->address < XEN_END;
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_cb(translation, block_runs, NO_REGISTERS, block);
    for (size_t i = 0; i < block->instructions; i++)
        look_at(qemu_plugin_tb_get_insn(translation, i));
}

EXPORT int qemu_plugin_install(plugin_id id, const void *machine, int count, char **arguments);

EXPORT int qemu_plugin_install(plugin_id id, const void *machine, int count, char **arguments)
{
    (void)machine;
    if (count != 1 || strncmp(arguments[0], "out=", 4) != 0)
        return -1;
    out = strdup(arguments[0] + 4);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
