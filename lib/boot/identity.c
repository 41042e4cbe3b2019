/* SPDX-License-Identifier: MIT */
/*
 * The image's name: this one file is compiled for each image, with the name given by the Makefile.
 */
#include "lib/boot/application.h"

const char application_name[] = APPLICATION_NAME;
