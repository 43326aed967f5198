# SPDX-License-Identifier: GPL-2.0
"""The lab: Debian in a folder, and guests that boot it.  tools/vm is its command."""
