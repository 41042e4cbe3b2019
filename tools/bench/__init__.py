# SPDX-License-Identifier: MIT
"""`make bench`: ours beside Debian's Linux, in one run on one Xen host that counts instructions.

    linux      makes the Linux guest: kernel, nginx, an initramfs
    session    a Xen host and its measuring program (dom0/measure)
    plan       what is measured, in which order
    report     targets and verdicts; the table, JSON and Markdown
    chart      the SVG
    main       the command
"""
