# SPDX-License-Identifier: MIT
# Words, quotes, environment, unknown words; main()'s status and the shutdown reason.
create commandline.cfg "extra = 'nonsense also=nonsense env:COLOR=blue -- one \"two words\" --flag 0'"
expect_shutdown commandline poweroff
expect_console commandline 'argv\[0\] = <commandline>'
expect_console commandline 'argv\[1\] = <one>'
expect_console commandline 'argv\[2\] = <two words>'
expect_console commandline 'argv\[3\] = <--flag>'
expect_console commandline 'argv\[4\] = <0>'
expect_console commandline 'COLOR = <blue>'
expect_console commandline 'warning: .*"nonsense"'
expect_console commandline 'warning: .*"also=nonsense"'
expect_console commandline 'commandline has ended with status 0'
destroy commandline

create commandline.cfg
expect_shutdown commandline poweroff
expect_console commandline 'command line: \(empty\)'
expect_console commandline 'COLOR = <unset>'
refuse_console commandline 'argv\[1\]'
refuse_console commandline 'warning: command line'
destroy commandline

create commandline.cfg "extra = '-- 7'"
expect_shutdown commandline crash
expect_console commandline 'commandline has ended with status 7'
destroy commandline

# As long as a command line gets, and one unfinished quote.
create commandline.cfg "extra = '-- $(printf 'word%.0s ' {1..150})\"open 0'"
expect_shutdown commandline poweroff
expect_console commandline 'argv\[151\] = <open 0>'
