/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C boundary of the compositor.
 *
 * The compositor is pure: it takes no lock and calls nothing of the kernel's but
 * the C++ runtime's hooks.
 */
#ifndef VSKMS_COMPOSITOR_H
#define VSKMS_COMPOSITOR_H

#ifdef __cplusplus
extern "C" {
#endif

/**
 * compositor_formats() - the formats the compositor reads
 * @codes: where their DRM_FORMAT_* codes are stored, best liked first; may be NULL
 *	   if @room is 0
 * @room: how many codes fit there
 *
 * Return: how many formats there are, whatever @room is.
 */
unsigned int compositor_formats(unsigned int *codes, unsigned int room);

#ifdef __cplusplus
}
#endif

#endif
