module inquest.test

go 1.22
